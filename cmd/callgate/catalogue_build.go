package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callgate/detectors/effects"
)

// build is one run of catalogue build.
type build struct {
	app                     *app
	modules, node, output   string
	pkg, command, url, name string
	env, accept             []string
	acceptAll, write        bool
	limit                   time.Duration
	accepted                map[string]bool // tools of --accept that there were
	differing               int
}

func newCatalogueBuild(a *app) *cobra.Command {
	b := &build{app: a, accepted: map[string]bool{}}
	cmd := &cobra.Command{
		Use:   "build [FILE...] | build --package NAME[@VERSION]|--command PROGRAM|--url URL -o FILE [-- ARG...]",
		Short: "Start servers, and show how their tools differ from what is known of them",
		Long: "Build starts each server, reads its list of tools and shows what differs from its file: tools that came,\n" +
			"went, or have another schema, and another version. The server of an npm package is started with node from\n" +
			"DIR/node_modules, in an empty home and working folder and without your environment. Without FILE all\n" +
			"shipped files are looked at. Nothing is written without --write.\n\n" +
			"With --write the files get the new versions and hashes, and what is judged stays as it is. A tool whose\n" +
			"schema changed has to be read again and accepted; an added tool that is accepted gets its proposal, which\n" +
			"is what its words suggest. Written files have one tool a line.\n\n" +
			"For a server of your own, FILE is new: all of its tools are added with proposals, for you to judge. Name the\n" +
			"file in the configuration, under policy.catalogues. The words after -- are the server's arguments, in which\n" +
			"{dir} is an empty folder.\n\n" +
			"Exit codes: 0 all is as pinned, or was written; 1 something differs, or a server could not be listed.",
		Example: "  callgate catalogue build --modules testdata/catalogue\n" +
			"  callgate catalogue build --modules . --write --accept read_file filesystem.json\n" +
			"  callgate catalogue build --package @example/crm-mcp --modules . -o crm.json --write -- '{dir}'\n" +
			"  callgate catalogue build --command ./crm-server -o crm.json --write",
		RunE: func(cmd *cobra.Command, args []string) error { return b.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&b.modules, "modules", "", "`folder` that holds node_modules")
	f.StringVar(&b.node, "node", "node", "`program` that runs the servers of npm packages")
	f.StringVar(&b.pkg, "package", "", "npm package of a server, as `name[@version]`")
	f.StringVar(&b.command, "command", "", "`program` of a server that is no npm package")
	f.StringVar(&b.url, "url", "", "`address` of a server that already runs")
	f.StringVar(&b.name, "name", "", "what the file calls the server of --command or --url (default: its program or host)")
	f.StringArrayVar(&b.env, "env", nil, "`NAME=VALUE` for the server, written into the file; with NAME alone your own value, not written; repeat for more")
	f.StringVarP(&b.output, "output", "o", "", "`file` of the server that --package, --command or --url names")
	f.BoolVar(&b.write, "write", false, "write the files")
	f.StringArrayVar(&b.accept, "accept", nil, "`tool` that was read again, or whose proposal is right; repeat for more")
	f.BoolVar(&b.acceptAll, "accept-all", false, "accept all tools that changed or came")
	f.DurationVar(&b.limit, "timeout", 30*time.Second, "how long one server may take")
	cmd.MarkFlagsMutuallyExclusive("package", "command", "url")
	return cmd
}

func (b *build) run(ctx context.Context, args []string) error {
	if !b.write && (b.acceptAll || len(b.accept) > 0) {
		return usageError{errors.New("--accept goes with --write")}
	}
	judge, err := newJudge()
	if err != nil {
		return err
	}
	subjects, err := b.subjects(args)
	if err != nil {
		return err
	}
	var faults []error
	for _, s := range subjects {
		if err := b.look(ctx, s, judge); err != nil {
			faults = append(faults, err)
		}
	}
	for _, tool := range b.accept {
		if !b.accepted[tool] {
			faults = append(faults, usageError{fmt.Errorf("--accept %s: no such tool changed or came", tool)})
		}
	}
	if b.differing > 0 && !b.write {
		faults = append(faults, hinted{fmt.Errorf("%d of %d servers differ from what is known of them", b.differing, len(subjects)), "with --write FILE the difference is taken over"})
	}
	return errors.Join(faults...)
}

// look lists one server's tools, shows the difference and, with --write, takes it over.
func (b *build) look(ctx context.Context, s subject, judge *effects.Judge) error {
	_, server, _ := strings.Cut(s.known.Server, ":")
	raw, err := s.program.tools(ctx, b.limit)
	if err != nil {
		return fmt.Errorf("%s: %w", s.known.Server, err)
	}
	tools, err := wordsOf(server, raw)
	if err != nil {
		return fmt.Errorf("%s: %w", s.known.Server, err)
	}
	d := compare(s.known, s.version, tools, judge)
	d.File = s.file
	if err := b.show(&d); err != nil {
		return err
	}
	if !d.none() {
		b.differing++
	}
	if !b.write || d.none() && b.output == "" {
		return nil
	}
	c, err := d.accept(s.known, b.accepts(s))
	if err != nil {
		return err
	}
	return b.save(s.file, c)
}

func (b *build) show(d *difference) error {
	if b.app.json {
		return json.NewEncoder(b.app.out).Encode(d)
	}
	d.print(b.app.out)
	return nil
}

// accepts tells which tools are accepted; of a new file all proposals are.
func (b *build) accepts(s subject) func(tool string) bool {
	return func(tool string) bool {
		named := slices.Contains(b.accept, tool)
		b.accepted[tool] = b.accepted[tool] || named
		return named || b.acceptAll || len(s.known.Tools) == 0
	}
}

// save writes a file in its form, and no file that could not be read again.
func (b *build) save(name string, c *effects.Catalogue) error {
	raw, err := c.Format()
	if err != nil {
		return err
	}
	if _, err := effects.ReadCatalogue(name, raw); err != nil {
		return err
	}
	if err := os.WriteFile(name, raw, 0o644); err != nil { //nolint:gosec // it holds no secret, and others read it
		return err
	}
	fmt.Fprintf(b.app.err, "callgate: wrote %s\n", name)
	return nil
}
