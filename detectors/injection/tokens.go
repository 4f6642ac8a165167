package injection

import "strings"

// literal is a fixed sign that starts with a byte that no word has.
type literal struct {
	text   string // in lower case
	name   string
	weight int
}

// literals are the control tokens that chat templates of public models use
// (facts of their tokenizer configurations), the headers of prompt formats,
// and tags that pass a text off as an instruction.
var literals = []literal{
	{"<|im_start|>", "chat_token", 6}, {"<|im_end|>", "chat_token", 6}, {"<|system|>", "chat_token", 6},
	{"<|user|>", "chat_token", 6}, {"<|assistant|>", "chat_token", 6}, {"<|endoftext|>", "chat_token", 5},
	{"<|eot_id|>", "chat_token", 6}, {"<|start_header_id|>", "chat_token", 6}, {"<|end_header_id|>", "chat_token", 6},
	{"<|begin_of_text|>", "chat_token", 5}, {"<|channel|>", "chat_token", 5}, {"<|end_of_turn|>", "chat_token", 5},
	{"<start_of_turn>", "chat_token", 6}, {"<end_of_turn>", "chat_token", 6}, {"[inst]", "chat_token", 6},
	{"[/inst]", "chat_token", 6}, {"<<sys>>", "chat_token", 6}, {"<</sys>>", "chat_token", 6},
	{"[system]", "fake_turn", 4}, {"[assistant]", "fake_turn", 3}, {"[user]", "fake_turn", 3}, {"[system message]", "fake_turn", 4},
	{"### instruction:", "fake_turn", 4}, {"### system:", "fake_turn", 4}, {"### response:", "fake_turn", 3},
	{"<system>", "wrapper", 3}, {"</system>", "wrapper", 3}, {"<important>", "wrapper", 4}, {"</important>", "wrapper", 4},
	{"<information>", "wrapper", 3}, {"</information>", "wrapper", 3}, {"<instructions>", "wrapper", 3}, {"</instructions>", "wrapper", 3},
	{"<instruction>", "wrapper", 3}, {"</instruction>", "wrapper", 3},
	{"<system-reminder>", "wrapper", 4}, {"<admin>", "wrapper", 3}, {"<assistant>", "wrapper", 3}, {"</assistant>", "wrapper", 3},
	{"<user>", "wrapper", 2}, {"</user>", "wrapper", 2}, {"<secret>", "wrapper", 2}, {"<critical>", "wrapper", 3},
	{"</tool_response>", "fake_turn", 4}, {"</tool_result>", "fake_turn", 4}, {"</function_results>", "fake_turn", 4},
	{"</data>", "wrapper", 1}, {"<!--", "comment", 0},
}

// headers are the names of speakers that open a line of a faked conversation.
var headers = map[string]int{"system": 2, "assistant": 2, "human": 2, "user": 1, "ai": 1}

// speaker notes the header of a faked turn when the word that ends here is one
// and opens its line.
func (r *reader) speaker() {
	const longest = 9
	start := r.pos
	for start > 0 && r.pos-start <= longest && wordBytes[r.text[start-1]] != 0 {
		start--
	}
	if start > 0 && r.text[start-1] != '\n' {
		return
	}
	if weight := headers[strings.ToLower(r.text[start:r.pos])]; weight > 0 {
		r.signal("fake_turn", weight, start, r.pos)
	}
}

// token takes a literal at pos and reports whether there was one.
func (r *reader) token(first byte) bool {
	rest := r.text[r.pos:]
	for i := range literals {
		l := &literals[i]
		if l.text[0] != first || len(rest) < len(l.text) || !strings.EqualFold(rest[:len(l.text)], l.text) {
			continue
		}
		r.endSentence()
		start := r.pos
		r.pos += len(l.text)
		if l.name == "comment" {
			r.openComment(start)
		} else {
			r.signal(l.name, l.weight, start, r.pos)
		}
		return true
	}
	return false
}

// heading takes a line of # signs whose first word is the system: prompts are
// written so, and so are the chapters of handbooks.
func (r *reader) heading() {
	start := r.pos
	end := start
	for end < len(r.text) && strings.IndexByte("# ([*<", r.text[end]) >= 0 {
		end++
	}
	const name = "system"
	if len(r.text)-end >= len(name) && strings.EqualFold(r.text[end:end+len(name)], name) {
		r.signal("fake_turn", 2, start, end+len(name))
	}
}

// openComment notes how far a markup comment reaches, so that what is said in
// it weighs more. A comment without an end reaches to the end of the text.
func (r *reader) openComment(start int) {
	if start < r.comment {
		return
	}
	r.comment = len(r.text)
	if end := strings.Index(r.text[start:], "-->"); end >= 0 {
		r.comment = start + end + len("-->")
	}
	r.signal("comment", 0, start, r.comment)
}
