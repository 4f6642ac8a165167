// Package archive reads, fetches, keeps and makes policy bundles: OPA bundles,
// tar.gz files of Rego modules, data and a manifest.
//
// It guarantees that a bundle is taken whole or refused with a Fault; that no
// byte of a bundle reaches the file system under a name that the bundle chose;
// that what Read costs in memory is bounded by the limits below, whatever the
// bytes are; and that a bundle which has to be signed is used only if the key
// signed every file of it.
//
// It does not parse Rego: whether the rules of a bundle are sound is for those
// who load them.
package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// Limits of a bundle. One that is at a limit is read, one beyond it is not.
const (
	MaxBytes     = 16 << 20 // of the tar.gz
	MaxUnpacked  = 64 << 20 // of the tar inside, and of all files together
	MaxRatio     = 100      // unpacked to packed, where more than FreeUnpacked is unpacked
	FreeUnpacked = 1 << 20
	MaxFiles     = 4096
	MaxPath      = 255     // bytes of a file's path
	MaxDepth     = 16      // elements of a file's path
	MaxValues    = 1 << 20 // JSON values and keys in all data together
	MaxRoots     = 256
	MaxSerial    = 1<<53 - 1
)

// Code says what is wrong with a bundle.
type Code string

// The closed set of codes.
const (
	TooLarge     Code = "too_large"          // more than MaxBytes
	NotGzip      Code = "not_gzip"           // no gzip stream, or something behind it
	Truncated    Code = "truncated"          // the stream ends early or its checksum is wrong
	NotTar       Code = "not_tar"            // the unpacked stream is no tar
	Unpacked     Code = "unpacked_too_large" // more than MaxUnpacked
	Bomb         Code = "bomb"               // packed beyond MaxRatio
	TooManyFiles Code = "too_many_files"     // more than MaxFiles entries
	BadPath      Code = "bad_path"           // the name of an entry leads elsewhere, or is too long or deep
	BadEntry     Code = "bad_entry"          // a link, a device, or a name that is there twice
	Unsupported  Code = "unsupported_file"   // a file that nobody would read
	BadJSON      Code = "bad_json"           // a document is not well-formed, or holds more than MaxValues
	BadManifest  Code = "bad_manifest"       // the manifest is missing or malformed
	BadRoot      Code = "bad_root"           // a root that no bundle may have
	OutsideRoot  Code = "outside_root"       // data outside the roots
	Unsigned     Code = "unsigned"           // a signature is needed and missing
	BadSignature Code = "bad_signature"      // not signed by the key, or for another bundle
	BadAlgorithm Code = "bad_algorithm"      // signed or digested by an algorithm that is not accepted
	BadDigest    Code = "bad_digest"         // a file is not the one that was signed
	NoSerial     Code = "no_serial"          // a serial is needed and missing or malformed
	NoName       Code = "no_name"            // is fetched, and says no name that it is for
	WrongName    Code = "wrong_name"         // says that it is for another name
	Older        Code = "older_serial"       // older than the one in use
	Reused       Code = "reused_serial"      // the serial of the one in use, and not the same bundle
	Unreachable  Code = "unreachable"        // no connection to the server
	TimedOut     Code = "timeout"            // the server took too long
	BadStatus    Code = "bad_status"         // the server answered something else than a bundle
	BadRedirect  Code = "bad_redirect"       // the server leads to another host, or around in circles
	Unreadable   Code = "unreadable"         // the file cannot be read or written
	BadKey       Code = "bad_key"            // the key is no usable key
)

// Fault is why a bundle is not taken. Its text holds no part of an address, a
// header or a file of the bundle but the names of entries.
type Fault struct {
	Code    Code
	Message string
	Cause   error // may be nil
}

// Error gives the code, what is wrong and the cause.
func (f *Fault) Error() string {
	text := string(f.Code) + ": " + f.Message
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Cause }

func fault(code Code, cause error, format string, args ...any) error {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// Want says what a bundle has to be.
type Want struct {
	Name   string // the name that it is configured under
	Key    *Key   // it has to be signed with; nil leaves signatures unread
	Remote bool   // it comes from elsewhere: it needs a serial
}

// Bundle is a bundle that was read whole and is what was wanted.
type Bundle struct {
	Name     string
	Revision string            // the manifest's word for it; may be empty
	Serial   int64             // 0 where there is none
	Roots    []string          // without slashes at their ends, none within another
	Modules  map[string][]byte // Rego by path
	Data     map[string]any    // as JSON has it, numbers as json.Number
	Digest   string            // hex SHA-256 of names and contents, however they were packed
}

// Succeeds reports why b may not take the place of another bundle of its name:
// its serial is older, or the same for other contents. Nil for other always may.
func (b *Bundle) Succeeds(other *Bundle) error {
	switch {
	case other == nil || b.Serial > other.Serial || b.Digest == other.Digest:
		return nil
	case b.Serial < other.Serial:
		return fault(Older, nil, "its serial %d is older than %d, which is in use", b.Serial, other.Serial)
	}
	return fault(Reused, nil, "its serial %d is that of the bundle in use, and its contents are not", b.Serial)
}

// ReadFile reads the bundle in a file.
func ReadFile(path string, want Want) (*Bundle, error) {
	raw, err := slurpFile(path)
	if err != nil {
		return nil, err
	}
	return Read(raw, want)
}

func slurpFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault(Unreadable, err, "the file cannot be read")
	}
	defer f.Close()
	return slurp(f)
}

// slurp reads a packed bundle and gives up where it is too large.
func slurp(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fault(Unreadable, err, "the bundle cannot be read")
	}
	if len(raw) > MaxBytes {
		return nil, tooLarge()
	}
	return raw, nil
}

func tooLarge() error { return fault(TooLarge, nil, "the bundle is larger than %d MiB", MaxBytes>>20) }

// Read reads a packed bundle. The error is a *Fault.
func Read(raw []byte, want Want) (*Bundle, error) {
	files, err := unpack(raw)
	if err != nil {
		return nil, err
	}
	documents, err := parse(files)
	if err != nil {
		return nil, err
	}
	if want.Key != nil {
		if err := want.Key.verify(want.Name, files, documents); err != nil {
			return nil, err
		}
	}
	b := &Bundle{Name: want.Name, Modules: map[string][]byte{}, Data: map[string]any{}, Digest: digest(files)}
	if err := b.declare(documents, want); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if isModule(name) {
			b.Modules[name] = files[name]
		}
	}
	return b, b.gather(documents)
}

func digest(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%x %x\n", sha256.Sum256([]byte(name)), sha256.Sum256(files[name]))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
