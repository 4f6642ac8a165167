package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// place is where the reader stands as to a function of the text.
type place int

const (
	outside place = iota + 1
	inside
)

// body notes that the reader enters or leaves a function.
func (w *walk) body(f *syntax.FuncDecl, where place) {
	if w.functions == nil {
		w.functions = map[string]place{}
	}
	w.functions[nameOf(f)] = where
}

// functionsOf gives the functions that a text defines anywhere. In a text
// without the signs of one it does not look.
func functionsOf(file *syntax.File, text string) map[string]place {
	if !strings.Contains(text, "(") && !strings.Contains(text, "function") {
		return nil
	}
	var names map[string]place
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok {
			if names == nil {
				names = map[string]place{}
			}
			names[nameOf(f)] = outside
		}
		return true
	})
	return names
}

// nameOf is the name of a function, "" for one that the parser gives none.
func nameOf(f *syntax.FuncDecl) string {
	if f.Name == nil {
		return ""
	}
	return f.Name.Value
}

// file goes through all commands wherever they stand: a branch that may not
// run is read like one that does.
func (w *walk) file(file *syntax.File) {
	var path []syntax.Node
	nesting := 0
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil {
			last := path[len(path)-1]
			path = path[:len(path)-1]
			if nests(last) {
				nesting--
			}
			if f, ok := last.(*syntax.FuncDecl); ok {
				w.body(f, outside)
			}
			return true
		}
		if nests(n) {
			if nesting == maxNesting {
				w.done |= opaque
				return false
			}
			nesting++
		}
		w.node(n)
		path = append(path, n)
		return true
	})
}

func nests(n syntax.Node) bool {
	switch n.(type) {
	case *syntax.CmdSubst, *syntax.ProcSubst, *syntax.Subshell, *syntax.Block, *syntax.IfClause, *syntax.WhileClause,
		*syntax.ForClause, *syntax.CaseClause, *syntax.FuncDecl, *syntax.ParamExp, *syntax.ArithmExp, *syntax.ParenArithm, *syntax.ParenTest:
		return true
	}
	return false
}

// node reads one node, whose own nodes come after it.
func (w *walk) node(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.FuncDecl:
		w.body(n, inside)
	case *syntax.Stmt:
		w.statement(n)
	case *syntax.Assign:
		w.assign(n)
	case *syntax.WordIter:
		w.variable(n.Name.Value)
	case *syntax.ParamExp:
		w.parameter(n)
	case *syntax.ExtGlob: // some shells run what stands in one
		w.done |= opaque
	case *syntax.Word:
		w.index(n)
	}
}

func (w *walk) statement(s *syntax.Stmt) {
	for _, r := range s.Redirs {
		w.redirect(r)
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	args := argsOf(call.Args)
	if name := args[0]; name.literal && w.functions[name.text] == inside {
		w.done |= opaque // it calls itself: how often is not told
	}
	w.command(args, documentOf(s.Redirs))
}

// assign reads an assignment, or an argument of declare, export and the like.
func (w *walk) assign(a *syntax.Assign) {
	if a.Name != nil {
		w.variable(a.Name.Value)
		return
	}
	word := argOf(a.Value)
	if !word.literal || strings.HasPrefix(word.text, "-n") {
		w.done |= opaque // which variable is not told
	}
	name, _, _ := strings.Cut(word.text, "=")
	w.variable(strings.TrimSuffix(name, "+"))
}

// steering are the variables that decide which programs run or what is loaded
// into them. A name that ends in a star is the beginning of one.
var steering = []string{"PATH", "IFS", "ENV", "BASH_*", "PROMPT_COMMAND", "PS0", "PS1", "PS4", "SHELLOPTS", "BASHOPTS", "CDPATH", "FPATH", "ZDOTDIR",
	"HISTFILE", "LD_*", "DYLD_*", "GLIBC_TUNABLES", "GCONV_PATH", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESS", "LESSOPEN", "LESSCLOSE", "SHELL",
	"GIT_*", "SSH_ASKPASS*", "SUDO_ASKPASS", "RSYNC_*", "TAR_OPTIONS", "RIPGREP_CONFIG_PATH", "PYTHON*", "PERL*", "RUBY*", "NODE_OPTIONS", "NODE_PATH",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_*", "MAVEN_OPTS", "GRADLE_OPTS", "GOFLAGS", "GOROOT", "GOTOOLCHAIN", "CC", "CXX", "RUSTC*", "CARGO_*", "MAKEFLAGS",
	"npm_config_*", "NPM_CONFIG_*", "PIP_*", "UV_*", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "CURL_HOME", "WGETRC",
	"HOME", "XDG_CONFIG_HOME", "KUBECONFIG", "DOCKER_HOST", "DOCKER_CONFIG", "OPENSSL_CONF", "TERMINFO"}

// variable reads that a variable gets a value.
func (w *walk) variable(name string) {
	for _, s := range steering {
		if start, ok := strings.CutSuffix(s, "*"); s == name || ok && strings.HasPrefix(name, start) {
			w.done |= opaque
		}
	}
}

// parameter reads an expansion that sets a variable or runs its value.
func (w *walk) parameter(p *syntax.ParamExp) {
	if p.Exp == nil {
		return
	}
	switch p.Exp.Op {
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if p.Param != nil {
			w.variable(p.Param.Value)
		}
	case syntax.OtherParamOps:
		w.done |= opaque
	}
}

// index looks for a text such as a[$(cmd)] that is quoted: as a value in
// arithmetic it would run.
func (w *walk) index(word *syntax.Word) {
	for _, part := range word.Parts {
		text := ""
		switch p := part.(type) {
		case *syntax.SglQuoted:
			text = p.Value
		case *syntax.Lit:
			text = p.Value
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				if lit, ok := inner.(*syntax.Lit); ok {
					text += lit.Value
				}
			}
		}
		if _, after, ok := strings.Cut(text, "["); ok && strings.ContainsAny(after, "$`") && arithmetic(after) {
			w.done |= opaque
		}
	}
}

// arithmetic tells whether a substitution stands before the bracket closes.
func arithmetic(text string) bool {
	inside, _, closed := strings.Cut(text, "]")
	return closed && (strings.Contains(inside, "$(") || strings.Contains(inside, "`"))
}
