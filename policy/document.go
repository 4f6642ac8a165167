package policy

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/util"
	"go.yaml.in/yaml/v3"
)

// dataFiles are the names of files in an operator's folders that hold data.
// What is in one stands below data at the path of its folder, as OPA has it.
var dataFiles = []string{"data.json", "data.yaml", "data.yml"}

// reserved are the parts of data that are not the operator's.
var reserved = []string{"callgate", "settings", "speakers", "complete"}

// document is one file of data.
type document struct {
	file, folder string // folder is slash-separated, "." for the top
	text         []byte
}

// mount puts the operator's data in its place. What two files or archives say
// of the same is a fault.
func (b *bundle) mount() Faults {
	var faults Faults
	for _, d := range b.documents {
		value, err := d.value()
		if err != nil {
			faults = append(faults, Fault{File: d.file, Code: "data", Message: err.Error(), Fix: "write one JSON or YAML object"})
			continue
		}
		for _, root := range slices.Sorted(maps.Keys(value)) {
			if slices.Contains(reserved, root) {
				faults = append(faults, Fault{File: d.file, Code: "reserved_data", Message: "data." + root + " belongs to Callgate",
					Fix: "put the data in a folder of a name of your own"})
				delete(value, root)
			}
		}
		if at := clash(b.data, value, "data"); at != "" {
			faults = append(faults, Fault{File: d.file, Code: "data_conflict", Message: at + " is given twice", Fix: "give it in one place"})
			continue
		}
		b.data = merged(b.data, any(value)).(map[string]any)
	}
	return faults
}

// value is the document with the folders around it. Keys are unique: who reads
// the first and who reads the last of two would not see the same.
func (d document) value() (map[string]any, error) {
	var node yaml.Node // JSON is YAML
	if err := yaml.NewDecoder(bytes.NewReader(d.text)).Decode(&node); err != nil {
		return nil, err
	}
	var plain map[string]any
	if err := node.Decode(&plain); err != nil {
		return nil, fmt.Errorf("the file holds no object with unique keys: %w", err)
	}
	value, err := plainJSON(plain)
	if strings.HasSuffix(d.file, ".json") && err == nil { // numbers keep their digits
		value = nil
		err = util.UnmarshalJSON(d.text, &value)
	}
	if err != nil {
		return nil, err
	}
	if d.folder != "." {
		folders := strings.Split(d.folder, "/")
		for _, folder := range slices.Backward(folders) {
			value = map[string]any{folder: value}
		}
	}
	return value, nil
}

// clash is the first place at which two values do not go together, or "".
func clash(a, b map[string]any, at string) string {
	for _, key := range slices.Sorted(maps.Keys(b)) {
		there, taken := a[key]
		if !taken {
			continue
		}
		left, ok := there.(map[string]any)
		right, also := b[key].(map[string]any)
		if !ok || !also {
			return at + "." + key
		}
		if deeper := clash(left, right, at+"."+key); deeper != "" {
			return deeper
		}
	}
	return ""
}
