package archive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// minRSA is the fewest bits of an RSA key that is taken, as NIST SP 800-131A
// has it.
const minRSA = 2048

// Key is a public key that bundles are signed with. It is not changed once it
// is made.
type Key struct {
	pem        string
	algorithms []string // that a signature of this key may be made by
	id         string
}

// ID tells keys apart. It has 16 hex digits.
func (k *Key) ID() string { return k.id }

// ReadKey reads a public key from a PEM file, RSA of at least 2048 bits or
// ECDSA on P-256, P-384 or P-521.
func ReadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault(BadKey, err, "the public key cannot be read")
	}
	return ParseKey(text)
}

// ParseKey is ReadKey for what is in the file.
func ParseKey(text []byte) (*Key, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, fault(BadKey, nil, `there is no PEM block "PUBLIC KEY"`)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fault(BadKey, err, "the public key cannot be parsed")
	}
	algorithms := algorithmsOf(public)
	if algorithms == nil {
		return nil, fault(BadKey, nil, "the public key is neither RSA of %d bits or more nor ECDSA on P-256, P-384 or P-521", minRSA)
	}
	sum := sha256.Sum256(block.Bytes)
	return &Key{pem: string(pem.EncodeToMemory(block)), algorithms: algorithms, id: hex.EncodeToString(sum[:8])}, nil
}

// algorithmsOf lists the algorithms of RFC 7518 that a key is for, the usual
// one first; nil for a key that is not taken.
func algorithmsOf(public any) []string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		if name := map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[key.Params().BitSize]; name != "" {
			return []string{name}
		}
	}
	return nil
}

// verify checks that the key signed each file, and that no file is missing.
// The kind of key decides which algorithms may be, never the signature alone.
func (k *Key) verify(name string, files map[string][]byte, documents map[string]any) error {
	text, ok := files[signaturesFile]
	if !ok {
		return fault(Unsigned, nil, "there is no .signatures.json at the top")
	}
	var signatures bundle.SignaturesConfig
	err := util.UnmarshalJSON(text, &signatures)
	// OPA itself writes "_default" for no plugin.
	if signatures.Plugin == "_default" {
		signatures.Plugin = ""
	}
	if err != nil || len(signatures.Signatures) != 1 || signatures.Plugin != "" {
		return fault(BadSignature, err, ".signatures.json does not hold exactly one signature")
	}
	algorithm, scope, err := glance(signatures.Signatures[0])
	if err != nil {
		return fault(BadSignature, err, "the signature is malformed")
	}
	if !slices.Contains(k.algorithms, algorithm) {
		return fault(BadAlgorithm, nil, "signed by %q, want one of %s", bounded(algorithm), strings.Join(k.algorithms, ", "))
	}
	if scope != "" && scope != name {
		return fault(BadSignature, nil, "signed for the scope %q, want %q", bounded(scope), name)
	}
	keys := map[string]*bundle.KeyConfig{k.id: {Key: k.pem, Algorithm: algorithm, Scope: scope}}
	signed, err := bundle.VerifyBundleSignature(signatures, bundle.NewVerificationConfig(keys, k.id, scope, nil))
	if err != nil {
		return fault(BadSignature, err, "the bundle is not signed by the configured key")
	}
	return matches(signed, files, documents)
}

// glance reads the algorithm and the scope of a token that is not verified yet.
func glance(token string) (algorithm, scope string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", errors.New("no token of three parts")
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	var body struct {
		Scope string `json:"scope"`
	}
	for i, into := range []any{&head, &body} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return "", "", err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return "", "", err
		}
	}
	return head.Algorithm, body.Scope, nil
}

// matches checks the files against their signed digests, one for one.
func matches(signed map[string]bundle.FileInfo, files map[string][]byte, documents map[string]any) error {
	left := len(signed)
	for name, content := range files {
		if name == signaturesFile {
			continue
		}
		info, ok := signed[name]
		if !ok {
			return fault(BadDigest, nil, "%s is not signed", name)
		}
		left--
		var value any = content
		if document, ok := documents[name]; ok {
			value = document
		}
		sum, err := sumOf(info.Algorithm, value)
		if err != nil {
			return err
		}
		if want, err := hex.DecodeString(info.Hash); err != nil || !bytes.Equal(sum, want) {
			return fault(BadDigest, nil, "%s is not the file that was signed", name)
		}
	}
	if left > 0 {
		return fault(BadDigest, nil, "%d files that were signed are missing", left)
	}
	return nil
}

// sumOf digests a file as OPA does.
func sumOf(algorithm string, value any) ([]byte, error) {
	switch known := bundle.HashingAlgorithm(algorithm); known {
	case bundle.SHA256, bundle.SHA384, bundle.SHA512:
		hasher, err := bundle.NewSignatureHasher(known)
		if err != nil {
			return nil, fault(BadAlgorithm, err, "no digest is known as %q", algorithm)
		}
		return hasher.HashFile(value)
	}
	return nil, fault(BadAlgorithm, nil, "files are digested by %q, want SHA-256, SHA-384 or SHA-512", bounded(algorithm))
}
