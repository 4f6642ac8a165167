package text

// lookalikes are letters of other scripts that look like one ASCII letter in
// common fonts. The pairs are facts of Unicode Technical Standard 39
// (confusables), cut down to the letters of scripts that are used to imitate
// Latin words: Cyrillic, Greek, Armenian and Latin extensions.
var lookalikes = pairs(
	// Cyrillic, small
	"аa", "сc", "ԁd", "еe", "һh", "іi", "јj", "ӏl", "оo", "рp", "ԛq", "ѕs", "ѵv", "ԝw", "хx", "уy", "ґr", "к\u006b", "тt", "пn", "ьb", "вb", "нh", "мm", "гr",
	// Cyrillic, capital
	"АA", "ВB", "СC", "ЕE", "НH", "ІI", "ЈJ", "КK", "ӀI", "МM", "ОO", "РP", "ЅS", "ТT", "ѴV", "ԜW", "ХX", "ҮY", "УY",
	// Greek, small
	"αa", "εe", "ιi", "κk", "νv", "οo", "ρp", "τt", "υu", "χx", "γy", "ηn", "ωw",
	// Greek, capital
	"ΑA", "ΒB", "ΕE", "ΖZ", "ΗH", "ΙI", "ΚK", "ΜM", "ΝN", "ΟO", "ΡP", "ΤT", "ΥY", "ΧX",
	// Armenian and Cherokee
	"օo", "սu", "ոn", "հh", "ցg", "ԍg", "ᎪA", "ᎬE", "ᏒR", "ᎢT",
	// Latin extensions without a decomposition
	"ɡg", "ɑa", "ıi", "ɩi", "ʋv", "ɴn", "ʀr", "ɪi", "ᴏo", "ꜱs", "ᴀa", "ʙb", "ᴄc", "ᴅd", "ᴇe", "ғf", "ɢg", "ʜh", "ᴊj", "ᴋk", "ʟl", "ᴍm", "ᴘp", "ᴛt", "ᴜu", "ᴠv", "ᴡw", "ʏy", "ᴢz",
)

// symbolic are lookalikes that honest words of science and units mix with
// Latin letters, and small letters that look alike only roughly.
var symbolic = func() map[rune]bool {
	set := map[rune]bool{}
	for _, r := range "αεικνρτυχγηωкпьвнмгтґıɪɑɡʀɴ" {
		set[r] = true
	}
	return set
}()

// letters are letters that have no decomposition but a customary spelling.
var letters = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'ø': "o", 'Ø': "o",
	'ł': "l", 'Ł': "l", 'đ': "d", 'Đ': "d", 'ð': "d", 'þ': "th",
}

// punctuation are signs that stand for an ASCII one.
var punctuation = func() map[rune]byte {
	m := map[rune]byte{'‘': '\'', '’': '\'', '‚': '\'', '‛': '\'', '“': '"', '”': '"', '„': '"', '‟': '"',
		'−': '-', '∕': '/', '⁄': '/', '∶': ':', '꞉': ':', '։': ':', '‹': '<', '›': '>', '´': '\'', 'ʼ': '\''}
	for r := rune(0x2010); r <= 0x2015; r++ {
		m[r] = '-'
	}
	return m
}()

// pairs reads strings of one letter and the ASCII letter it looks like.
func pairs(list ...string) map[rune]byte {
	m := make(map[rune]byte, len(list))
	for _, pair := range list {
		for _, r := range pair {
			m[r] = pair[len(pair)-1]
			break
		}
	}
	return m
}

// Imitates reports whether every letter of a word is an ASCII letter or looks
// like one, and at least one is not what it looks like.
func Imitates(word string) bool {
	imitates := false
	for _, r := range word {
		switch {
		case r < 0x80:
		case lookalike(r) != 0:
			imitates = true
		default:
			return false
		}
	}
	return imitates
}
