package injection

import "strings"

// class is a set of meanings that a word can have. A rule asks for classes in
// order, so it holds for every wording and language that the lexicon knows.
type class uint64

const (
	ignore class = 1 << iota
	prior
	instr
	all
	you
	model     // a general word for one: assistant, agent
	modelName // a name or a word that nothing else has
	user
	tell
	not
	send
	pay
	remove
	execute
	write
	read
	secret
	tool
	polite // please, must: what follows is asked for
	before
	task
	fresh // new, following
	act
	reveal
	system
	proceed
	perform
	hush
	confirm
	urgent
	talk // words of those who write about attacks
	use
	are
	now
	on
	from
	message
	me
	if1
	future
	respond
	only
	important
	give
	anything
	prompt
	developer
	modeWord
	instead
	pass
	content
	as
	what
	context
	above

	target // an e-mail address, a link, an account: found by shape
	known  // the name of a tool at hand
	order  // a verb of an effect in a place of command
)

const effectVerb = send | pay | remove | execute | write

// lexicon lists the words of each class: English, German, Spanish and French,
// without accents, as package text leaves them.
var lexicon = []struct {
	class class
	words string
}{
	{ignore, "ignore ignoring disregard disregarding forget neglect overlook bypass override overrides overriding discard dismiss abandon " +
		"ignoriere ignorieren ignoriert vergiss vergessen missachte missachten verwirf ignora ignorar ignoren olvida olvide olvidate omite descarta desestima " +
		"ignorez ignorer oublie oubliez negligez neglige outrepasse"},
	{prior, "previous previously prior above earlier preceding foregoing initial original past existing former before preprogrammed given " +
		"vorherigen vorherige vorigen bisherigen bisherige obigen obige fruheren vorangegangenen ursprunglichen davor " +
		"anteriores anterior previas previos previa previo arriba originales precedentes precedente anterieures anterieurs initiales dessus"},
	{instr, "instruction instructions directions directive directives guideline guidelines rule rules command commands constraints restrictions programming " +
		"prompt prompts directions assignments policies limitations guardrails safeguards " +
		"anweisung anweisungen instruktion instruktionen befehl befehle regeln vorgaben auftrage auftrag weisungen " +
		"instruccion instrucciones ordenes reglas indicaciones directrices consignes consigne ordres regles"},
	{all, "all any every everything entire whatever alle alles samtliche allen todas todos todo toda toutes tous tout toute"},
	{you, "you your yours yourself du dein deine deinen deiner dir euch tu tus te ti usted vous votre vos ton ta tes toi"},
	{model, "assistant agent model bot chatbot ai assistent modell agente asistente modelo modele ki ia agents"},
	{modelName, "llm llms chatgpt gpt claude gemini copilot llama openai anthropic mistral gpt4 gpt4o gpt5 deepseek qwen grok"},
	{user, "user users human humans owner customer anyone anybody person benutzer nutzer anwender niemandem niemand usuario usuarios nadie utilisateur utilisateurs personne"},
	{tell, "tell telling inform informing notify notifying mention mentioning reveal disclose alert alerting warn say ask asking show " +
		"sage sag sagen erwahne erwahnen informiere informieren verrate mitteilen digas decir menciones informes informar reveles avises avisar " +
		"dis dites dire informe informer informez mentionne mentionnez mentionner prevenir"},
	{not, "not never don without no cannot won nicht nichts niemals nie kein keine ohne nunca sin jamas jamais sans pas ne dont"},
	{send, "send sends email mail forward post share upload transmit submit publish dispatch exfiltrate text dm relay leak " +
		"sende senden schicke schick leite teile verschicke ubermittle weiterleiten envia enviar manda mandar reenvia comparte publica enviale " +
		"envoie envoyez envoyer transmets transmettez partage partagez publie publiez"},
	{pay, "transfer pay wire purchase buy donate withdraw refund uberweise uberweisen zahle bezahle kaufe transfiere transferir paga pagar compra " +
		"transferez transfere virez vire paie payez achete achetez"},
	{remove, "delete remove erase wipe destroy purge drop cancel unsubscribe losche loschen entferne vernichte borra borrar elimina eliminar cancela supprime supprimez efface effacez annule"},
	{execute, "execute run invoke launch eval download install click open visit browse navigate ausfuhren starte installiere ejecuta ejecutar instala abre visita executez execute lance lancez installez ouvre visitez"},
	{write, "create add update change modify set edit write save schedule reserve book invite grant append replace make register store insert " +
		"erstelle andere schreibe speichere buche fuge crea cambia modifica escribe guarda reserva agrega anade cree creez change modifiez ecris enregistre reserve ajoute"},
	{read, "read retrieve fetch get list search look find check access collect gather include lies lese hole suche lee busca obten recupera lis lisez cherche recupere recuperez"},
	{secret, "password passwords passphrase credential credentials secret secrets token tokens apikey keys ssn cookie cookies history id_rsa ssh env " +
		"key private passwort passworter zugangsdaten geheimnis schlussel contrasena contrasenas credenciales clave secreto motdepasse identifiants cle passe"},
	{tool, "tool tools function functions api plugin endpoint werkzeug werkzeuge funktion herramienta herramientas funcion outil outils fonction"},
	{polite, "please must should shall kindly need needs required ensure sure have let also then and first next instead finally " +
		"bitte musst sollst muss favor debes debe tienes necesitas dois devez veuillez faut puis luego dann und"},
	{before, "before first until prior whenever when after bevor zuerst antes primero avant abord"},
	{task, "task tasks request requests question job query objective goal aufgabe auftrag anfrage tarea tareas solicitud pregunta tache taches demande"},
	{fresh, "new following updated real actual next different neue neuen folgende folgenden nuevas nuevos nueva siguientes siguiente nouvelles nouveaux suivantes suivante suivants"},
	{act, "pretend act roleplay simulate imagine behave become impersonate assume actua finge simula agis simule spiele verhalte pretends"},
	{reveal, "reveal show print repeat output display leak tell give spell encode recite dump expose translate summarize say write echo disclose share " +
		"zeige nenne verrate wiederhole gib muestra revela repite dime dame montre revele repete donne affiche"},
	{system, "system hidden secret internal confidential initial admin administrator root systemprompt sistema systeme"},
	{proceed, "solve complete continue answer respond proceed finish answering continuing completing responding accomplish help do doing using calling invoking performing " +
		"losen fortfahren antworten erledigen resolver continuar responder completar resoudre continuer repondre terminer"},
	{perform, "do perform complete follow execute obey comply carry adhere fuhre befolge mache haz realiza sigue cumple fais faites suis suivez effectue effectuez realise"},
	{hush, "secret secretly silently quietly hidden confidential private unnoticed discreetly geheim heimlich stillschweigend secreto silencio secretamente discretamente secretement silencieusement discretement"},
	{confirm, "confirmation permission approval confirm approve consent verification bestatigung erlaubnis zustimmung ruckfrage confirmacion permiso aprobacion autorisation confirmation"},
	{urgent, "urgent urgently immediately asap critical mandatory sofort umgehend dringend inmediatamente urgente immediatement"},
	{talk, "injection injections attack attacks attacker attackers jailbreak jailbreaks malicious phishing vulnerability exploit adversarial example examples phrase phrases detect detects detection detector filter blog article quoted called titled test tests"},
	{use, "use using call calling invoke invoking run execute trigger nutze benutze verwende rufe usa utiliza llama utilise utilisez appelle appelez"},
	{are, "are re bist eres seras es be is sind will must"},
	{now, "now henceforth nun jetzt ab ahora adelante maintenant desormais"},
	{on, "on onwards onward forward moment"},
	{from, "from starting von desde depuis partir"},
	{message, "message messages note notice notification alert announcement memo reminder update warning nachricht hinweis mensaje nota aviso avis"},
	{me, "me us my mir uns mich nos moi i"},
	{if1, "if as wenn falls als si como comme"},
	{future, "future subsequent upcoming later remaining kunftigen kunftig futuras futuros futures prochaines"},
	{respond, "respond reply answer say output print response responses conversations conversation answers replies antworte antworten responde respuestas reponds repondez reponses write repeat"},
	{only, "only exactly just always solely nothing nur genau immer solo solamente exactamente siempre seulement uniquement exactement toujours"},
	{important, "important attention urgent critical mandatory warning wichtig achtung importante atencion important"},
	{give, "gave given give assigned asked gegeben gestellt dio dado asigno donne donnee confie"},
	{anything, "anything whatever unrestricted uncensored unfiltered"},
	{prompt, "prompt prompts instructions instruction password passphrase secret rules guidelines systemprompt passwort prompt contrasena instrucciones anweisungen consignes"},
	{developer, "developer dan jailbreak jailbroken god sudo debug maintenance admin unrestricted"},
	{modeWord, "mode enabled modus modo activated jailbreak"},
	{instead, "instead stattdessen rather lugar"},
	{pass, "pass put place insert include attach"},
	{content, "content contents value result output"},
	{as, "as into in"},
	{what, "what which list was welche welches que cuales quelles quels liste enumera"},
	{context, "statement statements text texts information conversation context sentence sentences message messages input content paragraph"},
	{above, "above before previous prior preceding foregoing earlier oben anterior dessus"},
}

// tableSize is a power of two, several times the number of words.
const tableSize = 8192

// entry is one word of the hashed lexicon.
type entry struct {
	word  string
	class class
}

var table = buildTable()

func buildTable() *[tableSize]entry {
	var t [tableSize]entry
	for _, line := range lexicon {
		for _, word := range strings.Fields(line.words) {
			slot := hashOf(word) % tableSize
			for t[slot].word != "" && t[slot].word != word {
				slot = (slot + 1) % tableSize
			}
			t[slot].word = word
			t[slot].class |= line.class
		}
	}
	return &t
}

const hashStart, hashPrime = 2166136261, 16777619

func hashOf(word string) uint32 {
	h := uint32(hashStart)
	for i := range len(word) {
		h = (h ^ uint32(wordBytes[word[i]])) * hashPrime
	}
	return h
}

// lookup gives the classes of a word whose hash over lower case is h.
func lookup(word string, h uint32) class {
	for slot := h % tableSize; table[slot].word != ""; slot = (slot + 1) % tableSize {
		if equalFold(word, table[slot].word) {
			return table[slot].class
		}
	}
	return 0
}

// equalFold compares a word with one of the lexicon, which is in lower case.
func equalFold(word, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i := range len(word) {
		if wordBytes[word[i]] != lower[i] {
			return false
		}
	}
	return true
}

// wordBytes maps the bytes that words are made of to lower case, others to 0.
var wordBytes = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) | 0x20
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c >= 0x80:
			t[c] = byte(c)
		}
	}
	return t
}()
