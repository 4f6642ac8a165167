package mcp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tidwall/gjson"
)

// The test binary is its own MCP server: started with this variable it plays
// the server that the value names, and never runs a test.
const serverVariable = "CALLGATE_TEST_SERVER"

func init() {
	switch os.Getenv(serverVariable) {
	case "":
	case "scripted":
		(&script{out: bufio.NewWriter(os.Stdout)}).run()
	case "mcpgo":
		serveGo()
	case "wrap":
		serveWrapped()
	case "sleeper":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println(`{"jsonrpc":"2.0","method":"notifications/sleeping"}`)
		time.Sleep(time.Hour)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println(`{"jsonrpc":"2.0","method":"notifications/ready"}`)
		time.Sleep(time.Hour)
	default:
		os.Exit(99)
	}
}

func testCommand(server string) Command {
	return Command{Args: []string{os.Args[0]}, Env: append(os.Environ(), serverVariable+"="+server)}
}

func testExec(c Command) *exec.Cmd {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = c.Env
	return cmd
}

// script is an MCP server, line by line, whose tools misbehave in known ways.
type script struct {
	out     *bufio.Writer
	history []string
	last    string
	asking  string // id of the call that waits for the client
}

func (s *script) say(format string, args ...any) {
	fmt.Fprintf(s.out, format+"\n", args...)
	s.out.Flush()
}

func (s *script) run() {
	in := bufio.NewReader(os.Stdin)
	after := func() {}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		s.last = strings.TrimSuffix(line, "\n")
		if deferred := s.take(gjson.Parse(line)); deferred != nil {
			after = deferred
		}
	}
	after()
	code := 0
	fmt.Sscan(os.Getenv("CALLGATE_TEST_EXIT"), &code)
	os.Exit(code)
}

func (s *script) take(m gjson.Result) (after func()) {
	id, method := m.Get("id").Raw, m.Get("method").Str
	if method == "" {
		s.history = append(s.history, "response")
		if m.Get("id").Str == "srv-1" {
			s.say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[],"answer":%s}}`, s.asking, m.Get("result").Raw)
		}
		return nil
	}
	s.history = append(s.history, method)
	switch method {
	case "tools/call":
		return s.call(id, m.Get("params"))
	case "tools/list":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"echo","inputSchema":{"type":"object"},"x":1},{"name":"changed"}]}}`, id)
	case "initialize":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}`, id)
	case "server/discover":
		if os.Getenv("CALLGATE_TEST_DISCOVER") != "silent" {
			s.say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no such method here"}}`, id)
		}
	case "subscriptions/listen":
		for range 2 {
			s.say(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s},"uri":"u"}}`, id)
		}
	case "pid":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":%d}`, id, os.Getpid())
	case "ping":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{}}`, id)
	case "raw":
		text, _ := json.Marshal(s.last)
		s.say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, text)
	case "history":
		list, _ := json.Marshal(s.history)
		s.say(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, list)
	case "resources/read":
		s.say(`{"result":{"contents":[{"uri":"file:///x","text":"x"}]},"jsonrpc":"2.0","id":%s}`, id)
	case "notifications/cancelled":
		target := m.Get("params.requestId").Raw
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[],"late":"secret"}}`, target)
		s.say(`{"jsonrpc":"2.0","method":"notifications/saw","params":{"requestId":%s}}`, target)
	default:
		if id != "" {
			s.say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}`, id)
		}
	}
	return nil
}

func (s *script) call(id string, params gjson.Result) (after func()) {
	arguments := params.Get("arguments")
	const done = `{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}`
	switch params.Get("name").Str {
	case "echo":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"future_block","x":1.0}],"structuredContent":%s,"isError":false}}`, id, arguments.Raw)
	case "progress":
		token := params.Get("_meta.progressToken").Raw
		if token == "" {
			token = `"none"`
		}
		for i := range 3 {
			s.say(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":%d,"progressToken":%s,"n":1.50}}`, i, token)
		}
		s.say(done, id)
	case "rare":
		s.say(`{ "id": %s, "result" : {"content":[ ] } , "jsonrpc":"2.0","extra":[1.0] }`, id)
	case "ask":
		s.asking = id
		s.say(`{"jsonrpc":"2.0","id":"srv-1","method":"sampling/createMessage","params":{"messages":[]}}`)
	case "garbage":
		s.say("secret debugging output\n\n{\"half\":")
		s.say(done, id)
	case "duplicate":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"content":[]},"result":{}}`, id)
	case "strangers":
		s.say(`{"jsonrpc":"2.0","id":"nobody","result":{"text":"secret"}}`)
		s.say(done, id)
	case "babble":
		for {
			if _, err := fmt.Println("babble"); err != nil {
				os.Exit(0)
			}
		}
	case "count":
		s.say(`{"jsonrpc":"2.0","id":%s,"result":%d}`, id, len(s.last))
	case "line":
		head, tail := `{"result":{"text":"`, `"},"jsonrpc":"2.0","id":`+id+`}`
		s.say("%s%s%s", head, strings.Repeat("a", int(arguments.Get("n").Int())-len(head)-len(tail)), tail)
	case "hang":
		s.say(`{"jsonrpc":"2.0","method":"notifications/hanging"}`)
	case "changed":
		s.say(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		s.say(done, id)
	case "afterwards":
		return func() { s.say(done, id) }
	case "stderr":
		fmt.Fprint(os.Stderr, "to stderr \xff\n")
		s.say(done, id)
	case "die":
		os.Exit(7)
	case "killed":
		process, _ := os.FindProcess(os.Getpid())
		process.Kill()
		time.Sleep(time.Hour)
	case "spawn":
		cmd := testExec(testCommand("sleeper"))
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			os.Exit(98)
		}
		s.say(`{"jsonrpc":"2.0","id":%s,"result":{"pid":%d}}`, id, cmd.Process.Pid)
	default:
		s.say(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"unknown tool"}}`, id)
	}
	return nil
}
