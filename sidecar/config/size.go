package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	kib = int64(1) << 10
	mib = int64(1) << 20
	gib = int64(1) << 30
)

// size reads a number of bytes, such as 4MiB or 4194304.
func size(to *int64, least, most int64) reader {
	return func(d *decoder, n *yaml.Node, at string) {
		const hint = "a whole number of bytes, or of KiB, MiB or GiB, such as 4MiB"
		s, ok := d.scalar(n, at, "a size", hint, "!!str", "!!int")
		if !ok {
			return
		}
		v, ok := parseSize(s)
		switch {
		case !ok:
			d.fault(n, CodeSize, hint, "%s is not a size: %s", title(at), quote(s))
		case v < least || v > most:
			d.fault(n, CodeRange, "", "%s must be between %s and %s", title(at), showSize(least), showSize(most))
		default:
			*to = v
		}
	}
}

// parseSize reads a size; one that no int64 holds is the largest there is.
func parseSize(s string) (int64, bool) {
	digits := strings.TrimRight(s, "BiKMG ")
	unit, ok := map[string]int64{"": 1, "B": 1, "KiB": kib, "MiB": mib, "GiB": gib}[strings.TrimSpace(s[len(digits):])]
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || v > math.MaxInt64/unit {
		return math.MaxInt64, true
	}
	return v * unit, true
}

func showSize(v int64) string {
	switch {
	case v%gib == 0:
		return fmt.Sprintf("%dGiB", v/gib)
	case v%mib == 0:
		return fmt.Sprintf("%dMiB", v/mib)
	case v%kib == 0:
		return fmt.Sprintf("%dKiB", v/kib)
	}
	return fmt.Sprintf("%dB", v)
}
