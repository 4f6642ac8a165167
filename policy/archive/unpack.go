package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// The files that a bundle may hold beside modules.
const (
	manifestFile   = ".manifest"
	signaturesFile = ".signatures.json"
	dataFile       = "data.json"
)

func isModule(name string) bool { return path.Ext(name) == ".rego" }

// isDocument reports whether a file is signed by what it says, not by its bytes.
func isDocument(name string) bool { return name == manifestFile || path.Base(name) == dataFile }

// unpack gives the files of a packed bundle by name. It stops at the first
// thing that is wrong.
func unpack(raw []byte) (map[string][]byte, error) {
	packed := bytes.NewReader(raw)
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fault(gzipCode(err, NotGzip), err, "the bundle is not packed with gzip")
	}
	plain.Multistream(false)
	room := &purse{left: min(MaxUnpacked, max(FreeUnpacked, MaxRatio*len(raw)))}
	room.code = Unpacked
	if room.left < MaxUnpacked {
		room.code = Bomb
	}
	stream := &spender{plain, &purse{left: room.left, code: room.code}}
	files, err := entries(tar.NewReader(stream), room)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return nil, streamFault(err)
	}
	if packed.Len() > 0 {
		return nil, fault(NotGzip, nil, "there are %d bytes behind the bundle", packed.Len())
	}
	return files, nil
}

// purse is how many bytes may still be unpacked.
type purse struct {
	left int
	code Code
}

func (p *purse) spend(n int) error {
	if p.left -= n; p.left >= 0 {
		return nil
	}
	if p.code == Bomb {
		return fault(Bomb, nil, "the bundle unpacks to more than %d times its size", MaxRatio)
	}
	return fault(p.code, nil, "the bundle unpacks to more than %d MiB", MaxUnpacked>>20)
}

// spender is a reader whose bytes are paid for.
type spender struct {
	io.Reader
	from *purse
}

// Read fails once the purse is empty.
func (s *spender) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if short := s.from.spend(n); short != nil {
		return 0, short
	}
	return n, err
}

func entries(archive *tar.Reader, room *purse) (map[string][]byte, error) {
	files := map[string][]byte{}
	for count := 0; ; count++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, streamFault(err)
		}
		if count == MaxFiles {
			return nil, fault(TooManyFiles, nil, "the bundle has more than %d files", MaxFiles)
		}
		name, err := entryName(header)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		if _, twice := files[name]; twice {
			return nil, fault(BadEntry, nil, "%s is there twice", name)
		}
		content, err := io.ReadAll(io.LimitReader(archive, int64(room.left)+1))
		if err != nil {
			return nil, streamFault(err)
		}
		if err := room.spend(len(content)); err != nil {
			return nil, err
		}
		files[name] = content
	}
}

// entryName is the name of a file, or nothing where the entry is none.
func entryName(header *tar.Header) (string, error) {
	// "opa build" writes names from the root, and "tar ." from the folder.
	name, ok := strings.CutPrefix(header.Name, "./")
	if !ok {
		name = strings.TrimPrefix(name, "/")
	}
	switch header.Typeflag {
	case tar.TypeXGlobalHeader:
		return "", nil
	case tar.TypeDir:
		if name = strings.TrimSuffix(name, "/"); name == "" || name == "." {
			return "", nil
		}
		return "", pathFault(name)
	case tar.TypeReg:
	default:
		return "", fault(BadEntry, nil, "%q is a link, a device or something else that is no file", bounded(header.Name))
	}
	if err := pathFault(name); err != nil {
		return "", err
	}
	if !isModule(name) && !isDocument(name) && name != signaturesFile {
		return "", fault(Unsupported, nil, "%q would be read by nobody: a bundle holds .rego files, data.json files, .manifest and .signatures.json", name)
	}
	return name, nil
}

func pathFault(name string) error {
	odd := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }
	if !fs.ValidPath(name) || strings.ContainsFunc(name, odd) {
		return fault(BadPath, nil, "%q is no plain path inside the bundle", bounded(name))
	}
	if len(name) > MaxPath || strings.Count(name, "/") >= MaxDepth {
		return fault(BadPath, nil, "%q is longer than %d bytes or deeper than %d folders", bounded(name), MaxPath, MaxDepth)
	}
	return nil
}

// bounded is a name short enough for a message.
func bounded(name string) string { return name[:min(len(name), MaxPath)] }

// streamFault names what went wrong in the stream.
func streamFault(err error) error {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return fault(gzipCode(err, NotTar), err, "the bundle cannot be unpacked")
}

func gzipCode(err error, otherwise Code) Code {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, gzip.ErrChecksum) {
		return Truncated
	}
	return otherwise
}
