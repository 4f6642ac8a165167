package secrets

// quarry is the secrets that were found and are looked for elsewhere, where
// nothing tells what they are. Only those are in it that nobody writes by
// chance: an agent must not be able to hide a plain word of one argument by
// calling it a password in another.
type quarry struct {
	starts map[uint64][]prey
	size   int
}

type prey struct {
	secret string
	rule   *rule
}

const (
	mostPrey   = 256 // bounds the work; what is found later is marked only where it was found
	leastPrey  = 12
	preyPrefix = 8
)

// quarryOf adds what was found in text to q, which may be nil.
func quarryOf(text string, found []hit, q *quarry) *quarry {
	for _, h := range found {
		secret := text[h.start:h.end]
		if len(secret) < leastPrey || h.rule == &cardRule || h.rule.weak && !(only(secret, &padded) && drawn(secret)) {
			continue
		}
		if q == nil {
			q = &quarry{starts: map[uint64][]prey{}}
		}
		q.add(secret, h.rule)
	}
	return q
}

func (q *quarry) add(secret string, r *rule) {
	k := prefix(secret)
	for _, p := range q.starts[k] {
		if p.secret == secret {
			return
		}
	}
	if q.size < mostPrey {
		q.size++
		q.starts[k] = append(q.starts[k], prey{secret, r})
	}
}

func prefix(s string) uint64 {
	var k uint64
	for i := range preyPrefix {
		k = k<<8 | uint64(s[i])
	}
	return k
}

// hunt gives the places in text where a secret of q stands.
func hunt(text string, q *quarry) []hit {
	if q == nil || len(text) < leastPrey {
		return nil
	}
	var found []hit
	k, last := prefix(text)>>8, 0
	for i := 0; i+preyPrefix <= len(text); i++ {
		k = k<<8 | uint64(text[i+preyPrefix-1])
		for _, p := range q.starts[k] {
			if end := i + len(p.secret); i >= last && end <= len(text) && text[i:end] == p.secret {
				found = append(found, hit{p.rule, i, end})
				last = end
			}
		}
	}
	return found
}
