package sidecar

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/detectors/exfil"
	"callgate/detectors/injection"
	"callgate/detectors/secrets"
	"callgate/detectors/text"
	"callgate/rego"
	"callgate/sidecar/config"
	"callgate/sidecar/identity"
)

// newEffects builds the judge of effects from the shipped facts and from
// catalogues of the operator.
func newEffects(catalogues []string) (*effects.Judge, error) {
	lexicon, err := fs.ReadFile(rego.Facts, "facts/lexicon.json")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(rego.Facts, "facts/catalogue/*.json")
	if err != nil {
		return nil, err
	}
	var files []effects.File
	for _, name := range names {
		data, err := fs.ReadFile(rego.Facts, name)
		if err != nil {
			return nil, err
		}
		files = append(files, effects.File{Name: name, Data: data})
	}
	for _, path := range catalogues {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("a catalogue: %w", err)
		}
		files = append(files, effects.File{Name: path, Data: data})
	}
	return effects.New(lexicon, files...)
}

// newDetectors builds the families in the order in which they run.
func newDetectors(key []byte) (*secrets.Detector, *detectors.Scanner, error) {
	hosts, err := fs.ReadFile(rego.Facts, "facts/hosts.json")
	if err != nil {
		return nil, nil, err
	}
	urls, err := exfil.New(hosts)
	if err != nil {
		return nil, nil, err
	}
	marker := secrets.New(key)
	return marker, &detectors.Scanner{Detectors: []detectors.Detector{text.NewGroup(injection.New(), urls)}}, nil
}

// overrides gives the operator's word on each tool of each server.
func overrides(c *config.Config) func(server, tool string) *effects.Override {
	return func(server, tool string) *effects.Override {
		words := c.Servers[server].Tools
		word, ok := words[tool]
		if !ok {
			word, ok = words["*"]
		}
		if !ok {
			return nil
		}
		return &effects.Override{Effects: word.Effects, Domains: word.Domains, DraftTwin: word.DraftTwin}
	}
}

func callersOf(c *config.Config) (*identity.Directory, error) {
	var callers []identity.Caller
	for _, x := range c.Callers {
		callers = append(callers, identity.Caller{Name: x.Name, Key: x.Key, Local: x.Local, Scopes: x.Scopes, Roles: x.Roles})
	}
	return identity.New(callers)
}

const keySize = 32

// fingerprintKey reads the key beside the record, or makes one for the user
// alone. Processes that start at once agree on one key: each writes its own
// file, and the one that is linked first stays.
func fingerprintKey(path string) ([]byte, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh := make([]byte, keySize)
	_, _ = rand.Read(fresh) // never fails: crypto/rand ends the program instead
	own, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(own.Name())
	_, err = own.Write(fresh)
	if err := errors.Join(err, own.Sync(), own.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(own.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return readKey(path)
}

func readKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) != keySize {
		return nil, fmt.Errorf("%s does not hold %d bytes", path, keySize)
	}
	return key, err
}
