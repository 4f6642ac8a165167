package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"callgate/detectors/effects"
)

// subject is a server and the file that describes it.
type subject struct {
	file    string // "" for one inside the program
	known   *effects.Catalogue
	program program
	version string // that is installed; "" where there is none to know
}

// npm begins the name of a server that is an npm package.
const npm = "npm:"

// subjects gives the servers that a command line asks for.
func (b *build) subjects(args []string) ([]subject, error) {
	if b.pkg+b.command+b.url != "" {
		s, err := b.single(args)
		return []subject{s}, err
	}
	if b.output+b.name != "" || len(b.env) > 0 {
		return nil, usageError{errors.New("-o, --name and --env go with --package, --command or --url")}
	}
	files, err := readFiles(args)
	if len(args) == 0 {
		if b.write {
			return nil, usageError{hinted{errors.New("the shipped files are inside the program"), "name the files to write"}}
		}
		files, err = shippedCatalogues()
	}
	if err != nil {
		return nil, err
	}
	var out []subject
	for _, file := range files {
		c, err := effects.ReadCatalogue(file.Name, file.Data)
		if err != nil {
			return nil, err
		}
		if len(args) == 0 && !strings.HasPrefix(c.Server, npm) {
			continue // written by hand: there is no package to start
		}
		s, err := b.packaged(c)
		if err != nil {
			return nil, err
		}
		s.file = file.Name
		out = append(out, s)
	}
	return out, nil
}

// packaged finds the program of a file's npm package.
func (b *build) packaged(c *effects.Catalogue) (subject, error) {
	pkg, ok := strings.CutPrefix(c.Server, npm)
	if !ok {
		return subject{}, usageError{hinted{fmt.Errorf("%s is no npm package", c.Server), "name its file with -o, and the server with --command or --url"}}
	}
	if b.modules == "" {
		return subject{}, usageError{errors.New("--modules is missing: the folder that holds node_modules")}
	}
	file, version, err := inModules(b.modules, pkg)
	if err != nil {
		return subject{}, err
	}
	return subject{known: c, version: version, program: started(c, b.node, file)}, nil
}

// started is a program with what a file says of its start.
func started(c *effects.Catalogue, words ...string) program {
	p := program{argv: words}
	if c.Start != nil {
		p.argv = append(p.argv, c.Start.Args...)
		for _, name := range slices.Sorted(maps.Keys(c.Start.Env)) {
			p.env = append(p.env, name+"="+c.Start.Env[name])
		}
	}
	return p
}

// single is the one server of --package, --command or --url. Its file may be
// new; of one that is there, the server and its judgements stay.
func (b *build) single(args []string) (subject, error) {
	if b.output == "" {
		return subject{}, usageError{hinted{errors.New("-o is missing"), "name the file that describes the server, or is to"}}
	}
	stated, passed, err := environment(b.env)
	if err != nil {
		return subject{}, err
	}
	c, err := b.start(args, stated)
	if err != nil {
		return subject{}, err
	}
	s := subject{known: c, program: started(c, b.command)}
	s.program.url = b.url
	if pkg, version, _ := cutVersion(b.pkg); pkg != "" {
		if s, err = b.packaged(c); err != nil {
			return subject{}, err
		}
		if version != "" && version != s.version {
			return subject{}, fmt.Errorf("%s is installed in version %s, not %s", pkg, s.version, version)
		}
	}
	s.program.env = append(s.program.env, passed...)
	s.file = b.output
	return s, nil
}

// start gives the catalogue that a single server begins with: what its file
// says, or nothing yet. How it is started now goes into the file.
func (b *build) start(args []string, env map[string]string) (*effects.Catalogue, error) {
	c := &effects.Catalogue{Server: b.serverName()}
	raw, err := os.ReadFile(b.output)
	switch {
	case err == nil:
		if c, err = effects.ReadCatalogue(b.output, raw); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, usageError{err}
	}
	if b.pkg != "" && c.Server != b.serverName() {
		return nil, usageError{fmt.Errorf("%s describes %s, not %s", b.output, c.Server, b.serverName())}
	}
	if len(args)+len(env) > 0 {
		c.Start = &effects.Start{Args: args, Env: env}
	}
	return c, nil
}

// serverName is what a file calls the server.
func (b *build) serverName() string {
	pkg, _, _ := cutVersion(b.pkg)
	switch {
	case pkg != "":
		return npm + pkg
	case b.name != "":
		return "cmd:" + b.name
	case b.command != "":
		return "cmd:" + strings.TrimSuffix(filepath.Base(b.command), filepath.Ext(b.command))
	}
	u, err := url.Parse(b.url)
	if err != nil {
		return "cmd:" + b.url
	}
	return "cmd:" + u.Hostname()
}

// cutVersion splits name@version, where a scope begins with @ too.
func cutVersion(pkg string) (name, version string, found bool) {
	if at := strings.LastIndex(pkg, "@"); at > 0 {
		return pkg[:at], pkg[at+1:], true
	}
	return pkg, "", false
}

// environment splits --env: NAME=VALUE is for the file, NAME alone takes the
// user's own value, which no file gets.
func environment(env []string) (stated map[string]string, passed []string, err error) {
	for _, kv := range env {
		name, value, given := strings.Cut(kv, "=")
		if given {
			if stated == nil {
				stated = map[string]string{}
			}
			stated[name] = value
			continue
		}
		own, ok := os.LookupEnv(name)
		if !ok {
			return nil, nil, usageError{fmt.Errorf("--env %s: the variable is not set", name)}
		}
		passed = append(passed, name+"="+own)
	}
	return stated, passed, nil
}

// inModules finds the program and the version of an installed npm package: its
// only program, or the one that bears its name.
func inModules(dir, pkg string) (program, version string, err error) {
	if !filepath.IsLocal(filepath.FromSlash(pkg)) {
		return "", "", usageError{fmt.Errorf("%q is no name of a package", pkg)}
	}
	home := filepath.Join(dir, "node_modules", filepath.FromSlash(pkg))
	raw, err := os.ReadFile(filepath.Join(home, "package.json"))
	if err != nil {
		return "", "", hinted{fmt.Errorf("%s is not installed: %w", pkg, err), "install it in the folder of --modules, for example with npm"}
	}
	var about struct {
		Version string          `json:"version"`
		Bin     json.RawMessage `json:"bin"`
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		return "", "", fmt.Errorf("%s: package.json: %w", pkg, err)
	}
	var file string
	if json.Unmarshal(about.Bin, &file) != nil {
		var files map[string]string
		if err := json.Unmarshal(about.Bin, &files); err != nil {
			return "", "", fmt.Errorf("%s has no program", pkg)
		}
		for _, file = range files {
		}
		if own, ok := files[path.Base(pkg)]; ok {
			file = own
		} else if len(files) != 1 {
			return "", "", fmt.Errorf("%s has several programs, and none of its name", pkg)
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(file)) {
		return "", "", fmt.Errorf("%s: its program %q is not inside the package", pkg, file)
	}
	program, err = filepath.Abs(filepath.Join(home, filepath.FromSlash(file)))
	return program, about.Version, err
}
