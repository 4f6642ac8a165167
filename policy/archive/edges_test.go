package archive

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// TestAtTheEdges reads bundles that are at a limit of what they unpack to or
// claim, and refuses those that are one beyond.
func TestAtTheEdges(t *testing.T) {
	const squeezed = 41 * 512 // packed; unpacked it is more than FreeUnpacked
	roots := func(n int) []byte {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("%q", fmt.Sprint("corp", i)))
		}
		return manifest(t, `{"roots": [`+strings.Join(list, ",")+`]}`)
	}
	for _, c := range []struct {
		name       string
		at, beyond []byte
		code       Code
	}{
		{"ratio", padded(t, squeezed), padded(t, squeezed-1), Bomb},
		{"unpacked", swollen(t, MaxUnpacked), swollen(t, MaxUnpacked+512), Unpacked},
		{"roots", roots(MaxRoots), roots(MaxRoots + 1), BadRoot},
	} {
		if _, err := Read(c.at, Want{Name: "corp"}); err != nil {
			t.Errorf("%s, at the limit: %v", c.name, err)
		}
		if _, err := Read(c.beyond, Want{Name: "corp"}); codeOf(err) != c.code {
			t.Errorf("%s, beyond the limit: got %v, want %s", c.name, err, c.code)
		}
	}
}

// start is the beginning of a tar of a size in all, up to the contents of its
// last file, with how many bytes these are.
func start(t *testing.T, size int) (head []byte, rest int) {
	t.Helper()
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	text := `{"roots": ["corp"]}`
	if err := w.WriteHeader(&tar.Header{Name: manifestFile, Typeflag: tar.TypeReg, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	const header, end = 512, 1024
	rest = size - plain.Len() - header - end
	if err := w.WriteHeader(&tar.Header{Name: "x.rego", Typeflag: tar.TypeReg, Size: int64(rest)}); err != nil {
		t.Fatal(err)
	}
	return plain.Bytes(), rest
}

// padded packs MaxRatio times 41 * 512 bytes into a number of bytes, by a
// field of the gzip header that nobody reads.
func padded(t *testing.T, size int) []byte {
	t.Helper()
	head, rest := start(t, 41*512*MaxRatio)
	try := func(extra int) []byte {
		var raw bytes.Buffer
		w := gzip.NewWriter(&raw)
		w.Extra = make([]byte, extra)
		if _, err := w.Write(append(bytes.Clone(head), make([]byte, rest+1024)...)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return raw.Bytes()
	}
	raw := try(1 + size - len(try(1)))
	if len(raw) != size {
		t.Fatalf("packed to %d bytes, want %d", len(raw), size)
	}
	return raw
}

// swollen unpacks to a size at a modest ratio. Its parts are packed once each.
func swollen(t *testing.T, size int) []byte {
	t.Helper()
	head, rest := start(t, size)
	part := make([]byte, 1<<20)
	for i, seed := 0, uint32(1); i < len(part); i += 16 {
		seed = seed*1664525 + 1013904223
		part[i] = byte(seed >> 24)
	}
	times := rest / len(part)
	tail := make([]byte, rest-times*len(part)+1024)
	raw := bytes.NewBufferString("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
	raw.Write(deflated(t, head, false))
	raw.Write(bytes.Repeat(deflated(t, part, false), times))
	raw.Write(deflated(t, tail, true))
	sum := crc32.NewIEEE()
	_, _ = sum.Write(head) // a hash takes everything
	for range times {
		_, _ = sum.Write(part)
	}
	_, _ = sum.Write(tail)
	end := binary.LittleEndian.AppendUint32(nil, sum.Sum32())
	raw.Write(binary.LittleEndian.AppendUint32(end, uint32(size)))
	return raw.Bytes()
}

func deflated(t *testing.T, plain []byte, last bool) []byte {
	t.Helper()
	var raw bytes.Buffer
	w, err := flate.NewWriter(&raw, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	end := w.Flush
	if last {
		end = w.Close
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}
