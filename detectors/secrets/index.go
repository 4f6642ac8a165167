package secrets

// literalIndex answers, for three bytes without regard to case, which literals
// may begin there. It may name too many, never too few.
type literalIndex struct {
	bits    [slots / 64]uint64
	entries [slots][]entry
}

type entry struct {
	literal string
	rule    *rule
}

const (
	slotBits = 16
	slots    = 1 << slotBits
)

// slotOf hashes three packed bytes to a place in the index.
func slotOf(h uint32) uint32 { return h * 0x9E3779B1 >> (32 - slotBits) }

// pack takes the first three bytes of s as the scan does.
func pack(s string) uint32 {
	return uint32(s[0]|0x20)<<16 | uint32(s[1]|0x20)<<8 | uint32(s[2]|0x20)
}

var index = newIndex()

func newIndex() *literalIndex {
	x := &literalIndex{}
	for _, list := range [][]rule{tokenRules, formRules, nameRules} {
		for i := range list {
			for _, literal := range list[i].literals {
				slot := x.set(literal)
				x.entries[slot] = append(x.entries[slot], entry{literal, &list[i]})
			}
		}
	}
	for n := 200; n < 700; n++ { // the digits that card numbers begin with
		x.set(string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)}))
	}
	return x
}

func (x *literalIndex) may(slot uint32) bool { return x.bits[slot>>6]&(1<<(slot&63)) != 0 }

func (x *literalIndex) set(literal string) uint32 {
	slot := slotOf(pack(literal))
	x.bits[slot>>6] |= 1 << (slot & 63)
	return slot
}
