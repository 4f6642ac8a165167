package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"callgate/policy"
)

// listWidth is the width that lists for people keep to.
const listWidth = 100

func newPolicyList(a *app) *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "list [NAME] [DIR...]",
		Short: "List the rules with their settings and what they read",
		Long: "List the rules of the shipped policy, of the configuration and of DIR: how high the risk is, whether\n" +
			"they are on, what they have to say, what of the input they read, and their settings as in force.\n" +
			"With NAME, show one rule in full with its example. Under --json, one rule a line.",
		Example: "  callgate policy list --profile strict\n  callgate policy list recipients\n  callgate policy list ./policy --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				if _, err := os.Stat(args[0]); err != nil && !strings.ContainsAny(args[0], `/\.`) {
					name, args = args[0], args[1:]
				}
			}
			return a.listPolicy(cmd.Context(), name, args, profile)
		},
	}
	profileFlag(cmd, &profile)
	return cmd
}

func (a *app) listPolicy(ctx context.Context, name string, dirs []string, profile string) error {
	engine, err := a.loadRules(ctx, dirs, profile)
	if err != nil {
		return err
	}
	rules := engine.Rules()
	if name != "" {
		i := slices.IndexFunc(rules, func(r policy.RuleInfo) bool { return r.Name == name })
		if i < 0 {
			return usageError{hinted{fmt.Errorf("there is no rule %s, and no folder of that name", name), "`callgate policy list` shows the rules"}}
		}
		rules = rules[i : i+1]
	}
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	l := list{out}
	switch {
	case a.json:
		return l.json(rules)
	case name != "":
		l.whole(rules[0])
	default:
		l.table(rules)
		l.memory(engine)
	}
	return out.Flush()
}

// list prints rules for a person. Writing errors show at the last flush.
type list struct{ out *bufio.Writer }

func (l list) json(rules []policy.RuleInfo) error {
	enc := json.NewEncoder(l.out)
	for _, r := range rules {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return l.out.Flush()
}

func (l list) table(rules []policy.RuleInfo) {
	const row = "%-20s %-9s %-4s %-21s "
	indent := len(fmt.Sprintf(row, "", "", "", ""))
	fmt.Fprintf(l.out, row+"%s\n", "RULE", "RISK", "ON", "SAYS", "READS")
	for _, r := range rules {
		fmt.Fprintf(l.out, row+"%s\n", r.Name, orDash(r.Risk), yes(r.On()), orDash(strings.Join(r.Says, ", ")),
			wrapped(orDash(strings.Join(r.Reads, ", ")), indent))
		for _, s := range r.Declared {
			if s.Name != "enabled" {
				fmt.Fprintln(l.out, clipped("  "+inForce(r, s)+"  "+strings.ReplaceAll(s.Description, "\n", " ")))
			}
		}
	}
}

// memory says whether decisions are remembered, and if not because of whom.
func (l list) memory(engine *policy.Engine) {
	if engine.Remembers() {
		fmt.Fprintln(l.out, "\nDecisions are remembered by what the rules read.")
		return
	}
	fmt.Fprintln(l.out, wrapped("\nNo decision is remembered, since these rules read what differs from call to call: "+
		strings.Join(engine.Forgetful(), ", "), 0))
}

// whole prints all that is known of one rule.
func (l list) whole(r policy.RuleInfo) {
	const label = "%-12s %s\n"
	text := func(name, value string) {
		if value != "" {
			fmt.Fprintf(l.out, label, name, wrapped(value, 13))
		}
	}
	text("Rule", r.Name+", "+map[bool]string{true: "shipped", false: "the operator's"}[r.Shipped])
	text("Title", r.Title)
	text("About", strings.ReplaceAll(r.Description, "\n", " "))
	text("Risk", r.Risk)
	text("On", yes(r.On()))
	text("Says", strings.Join(r.Says, ", "))
	text("Reads", strings.Join(r.Reads, ", "))
	text("Tests", map[bool]string{true: "yes", false: "none"}[r.Tested])
	for _, s := range r.Declared {
		text("Setting", inForce(r, s))
		fmt.Fprintf(l.out, label, "", wrapped(strings.ReplaceAll(s.Description, "\n", " "), 13))
		if s.OneOf != nil {
			fmt.Fprintf(l.out, label, "", "one of "+jsonText(s.OneOf))
		}
	}
	if x := r.Example; x != nil {
		text("Example", "says "+x.Says+" to a call with")
		l.document(x.Call)
		if len(x.Settings) > 0 {
			fmt.Fprintf(l.out, label, "", "under the settings "+jsonText(x.Settings))
		}
	}
}

func (l list) document(text json.RawMessage) {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return
	}
	indented, err := json.MarshalIndent(value, strings.Repeat(" ", 13), "  ")
	if err != nil {
		return
	}
	for line := range strings.Lines(strings.Repeat(" ", 13) + string(indented)) {
		fmt.Fprintln(l.out, printable(strings.TrimSuffix(line, "\n")))
	}
}

// inForce is a setting with its value, and its default where that is another.
func inForce(r policy.RuleInfo, s policy.Setting) string {
	now, usual := jsonText(r.Settings[s.Name]), jsonText(s.Default)
	if now == usual {
		return s.Name + " = " + now
	}
	return s.Name + " = " + now + " (default " + usual + ")"
}

func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func yes(is bool) string { return map[bool]string{true: "yes", false: "no"}[is] }

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// wrapped breaks a text at spaces so that it keeps to the width, with all
// lines but the first indented.
func wrapped(text string, indent int) string {
	var out strings.Builder
	room := listWidth - indent
	for i, word := range strings.Split(text, " ") {
		switch {
		case i > 0 && len(word)+1 > room:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			room = listWidth - indent
		case i > 0:
			out.WriteByte(' ')
			room--
		}
		out.WriteString(word)
		room -= len(word)
	}
	return out.String()
}

// clipped shortens a line to the width.
func clipped(line string) string {
	if runes := []rune(line); len(runes) > listWidth {
		return string(runes[:listWidth-3]) + "..."
	}
	return line
}
