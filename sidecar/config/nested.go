package config

import "go.yaml.in/yaml/v3"

func servers(to *map[string]Server) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.entries(n, at, func(label string, k, v *yaml.Node, at string) {
			d.judge(k, at, label, name)
			var s Server
			before := len(d.faults)
			d.mapping(v, at, s.keys())
			if len(d.faults) == before {
				d.checkServer(k, at, s)
			}
			if *to == nil {
				*to = map[string]Server{}
			}
			(*to)[label] = s
		})
	}
}

func bundles(to *map[string]Bundle) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.entries(n, at, func(label string, k, v *yaml.Node, at string) {
			d.judge(k, at, label, name)
			var b Bundle
			fill(b.keys())
			before := len(d.faults)
			d.mapping(v, at, b.keys())
			if len(d.faults) == before {
				d.checkBundle(k, at, b)
			}
			if *to == nil {
				*to = map[string]Bundle{}
			}
			(*to)[label] = b
		})
	}
}

func tools(to *map[string]Tool) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.entries(n, at, func(label string, k, v *yaml.Node, at string) {
			d.judge(k, at, label, toolName)
			var t Tool
			d.mapping(v, at, t.keys())
			if label == "*" && t.DraftTwin != "" {
				d.report(at+".draft_twin", CodeConflict, `"*" cannot have a draft_twin`, "name the tool whose twin it is")
			}
			if *to == nil {
				*to = map[string]Tool{}
			}
			(*to)[label] = t
		})
	}
}

func callers(to *[]Caller) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		d.items(n, at, func(n *yaml.Node, at string) {
			var c Caller
			before := len(d.faults)
			d.mapping(n, at, c.keys())
			if len(d.faults) == before {
				d.checkCaller(n, at, c)
			}
			*to = append(*to, c)
		})
	}
}
