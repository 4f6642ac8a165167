package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// parse reads the documents of a bundle. Each is read once, so that what is
// verified is what is used.
func parse(files map[string][]byte) (map[string]any, error) {
	documents := map[string]any{}
	room := MaxValues
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !isDocument(name) {
			continue
		}
		if err := count(files[name], &room); err != nil {
			return nil, fault(BadJSON, err, "%s is not JSON as it has to be", name)
		}
		var value any
		if err := util.UnmarshalJSON(files[name], &value); err != nil {
			return nil, fault(BadJSON, err, "%s is not JSON", name)
		}
		documents[name] = value
	}
	return documents, nil
}

// count looks through JSON without building it. Keys that are there twice are
// refused, since readers differ in which they take.
func count(text []byte, room *int) error {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		_, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("it is malformed, or has a key twice")
		}
		if *room--; *room < 0 {
			return errors.New("it holds too many values")
		}
	}
}

// metadata is what Callgate reads in the metadata of a manifest.
type metadata struct {
	Callgate struct {
		Name   string      `json:"name"`
		Serial json.Number `json:"serial"`
	} `json:"callgate"`
}

// declare reads the manifest.
func (b *Bundle) declare(documents map[string]any, want Want) error {
	document, ok := documents[manifestFile]
	if !ok {
		return fault(BadManifest, nil, "there is no .manifest at the top, so the bundle would claim everything")
	}
	var manifest bundle.Manifest
	var own metadata
	if err := errors.Join(remodel(document, &manifest), remodel(manifest.Metadata, &own)); err != nil {
		return fault(BadManifest, err, "the manifest is malformed")
	}
	if len(manifest.WasmResolvers) > 0 {
		return fault(Unsupported, nil, "the manifest resolves rules to Wasm, which is not run")
	}
	b.Revision = manifest.Revision
	if manifest.Roots == nil {
		return fault(BadRoot, nil, "the manifest names no roots, so the bundle would claim everything")
	}
	if err := b.claim(*manifest.Roots); err != nil {
		return err
	}
	switch name := own.Callgate.Name; {
	case name == "" && want.Remote:
		return fault(NoName, nil, "metadata.callgate.name says no name, so the bundle could take the place of any other")
	case name != want.Name && name != "":
		return fault(WrongName, nil, "metadata.callgate.name is %q, and the bundle is configured as %q", bounded(name), want.Name)
	}
	return b.number(own.Callgate.Serial, want)
}

// remodel reads a value that was parsed into another form.
func remodel(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return util.UnmarshalJSON(text, into)
}

func (b *Bundle) number(serial json.Number, want Want) error {
	if serial == "" && !want.Remote {
		return nil
	}
	n, err := serial.Int64()
	if err != nil || n < 1 || n > MaxSerial {
		return fault(NoSerial, nil, "metadata.callgate.serial is no whole number from 1 to 2^53-1")
	}
	b.Serial = n
	return nil
}

// reserved are the top names of what Callgate itself tells policy.
var reserved = []string{"callgate", "settings", "speakers", "complete"}

// claim checks the roots.
func (b *Bundle) claim(roots []string) error {
	if len(roots) == 0 || len(roots) > MaxRoots {
		return fault(BadRoot, nil, "the manifest has %d roots, and may have 1 to %d", len(roots), MaxRoots)
	}
	for _, written := range roots {
		root := strings.Trim(written, "/")
		top, below, _ := strings.Cut(root, "/")
		rule, isRule := strings.CutPrefix(below, "rules/")
		switch {
		case !fs.ValidPath(root) || root == "." || len(root) > MaxPath:
			return fault(BadRoot, nil, "%q is no root", bounded(written))
		case top == "callgate" && (!isRule || strings.Contains(rule, "/")), top != "callgate" && slices.Contains(reserved, top):
			return fault(BadRoot, nil, "the root %q belongs to Callgate; rules are at callgate/rules/NAME", root)
		}
		for _, other := range b.Roots {
			if within(root, other) || within(other, root) {
				return fault(BadRoot, nil, "the roots %q and %q overlap", root, other)
			}
		}
		b.Roots = append(b.Roots, root)
	}
	return nil
}

// within reports whether a path is a root or below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// gather puts the data of all data.json files together.
func (b *Bundle) gather(documents map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if name == manifestFile {
			continue
		}
		value := documents[name]
		if dir := path.Dir(name); dir != "." {
			for _, element := range slices.Backward(strings.Split(dir, "/")) {
				value = map[string]any{element: value}
			}
		}
		object, ok := value.(map[string]any)
		if !ok {
			return fault(BadJSON, nil, "%s at the top is no object", name)
		}
		if err := insert(b.Data, object); err != nil {
			return fault(BadJSON, err, "%s says again what another data.json says", name)
		}
	}
	return b.inside("", b.Data)
}

// insert adds what is in one object to another.
func insert(into, from map[string]any) error {
	for key, value := range from {
		present, ok := into[key]
		if !ok {
			into[key] = value
			continue
		}
		left, isObject := present.(map[string]any)
		right, also := value.(map[string]any)
		if !isObject || !also {
			return errors.New("the key " + key + " has two values")
		}
		if err := insert(left, right); err != nil {
			return err
		}
	}
	return nil
}

// inside checks that all data is below some root that is not one of rules.
func (b *Bundle) inside(at string, value any) error {
	if slices.ContainsFunc(b.Roots, func(root string) bool { return within(at, root) }) && !within(at, "callgate") {
		return nil
	}
	object, ok := value.(map[string]any)
	above := func(root string) bool { return at == "" || within(root, at) }
	if !ok || !slices.ContainsFunc(b.Roots, above) {
		return fault(OutsideRoot, nil, "the data at %q is outside the roots of the bundle", bounded(at))
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if err := b.inside(strings.TrimPrefix(at+"/"+key, "/"), object[key]); err != nil {
			return err
		}
	}
	return nil
}
