package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/seismohq/seismo/fault"
)

// Argon are the parameters of argon2id, by which passwords are hashed. They are kept in each hash, so a change applies to
// passwords set from then on and leaves the others valid. The defaults follow the OWASP Password Storage Cheat Sheet
// (19 MiB, 2 passes, 1 lane): https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.
type Argon struct {
	Memory  uint32 // KiB, 8 to 1 048 576; 0: 19 456
	Passes  uint32 // 1 to 100; 0: 2
	Threads uint8  // 1 to 64; 0: 1
}

// Bounds of passwords that people choose. The upper one only keeps requests small.
const (
	MinPassword = 10  // characters
	MaxPassword = 512 // bytes
)

const (
	saltBytes = 16
	keyBytes  = 32
)

func (a Argon) valid() bool {
	return a.Memory >= 8*uint32(a.Threads) && a.Memory <= 1<<20 && a.Passes >= 1 && a.Passes <= 100 && a.Threads >= 1 && a.Threads <= 64
}

// hasher hashes and checks passwords. Hashing takes memory by design, so only as many as there are processors run at once.
type hasher struct {
	argon Argon
	slots chan struct{}
	dummy string // hash of nothing anybody knows, checked when there is no account, so that it takes as long
}

func newHasher(a Argon) (*hasher, error) {
	if a.Memory == 0 {
		a.Memory = 19 * 1024
	}
	if a.Passes == 0 {
		a.Passes = 2
	}
	if a.Threads == 0 {
		a.Threads = 1
	}
	if !a.valid() {
		return nil, fault.New(fault.Validation, "parameters of argon2id are out of bounds",
			slog.Int("memory_kib", int(a.Memory)), slog.Int("passes", int(a.Passes)), slog.Int("threads", int(a.Threads)))
	}
	h := &hasher{argon: a, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	secret, _ := newSecret()
	var err error
	h.dummy, err = h.hash(context.Background(), secret)
	return h, err
}

// hash returns the password as a PHC string, "$argon2id$v=19$m=…,t=…,p=…$salt$hash".
// See https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	var salt [saltBytes]byte
	_, _ = rand.Read(salt[:]) // never fails: crypto/rand.Read ends the program instead
	key, err := h.derive(ctx, password, salt[:], h.argon, keyBytes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.argon.Memory, h.argon.Passes, h.argon.Threads,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key)), nil
}

// verify reports whether password made the hash. An empty or broken hash takes as long as any other, and is never right.
func (h *hasher) verify(ctx context.Context, password, hash string) (bool, error) {
	a, salt, want, ok := parsePHC(hash)
	if !ok {
		a, salt, want, _ = parsePHC(h.dummy)
	}
	got, err := h.derive(ctx, password, salt, a, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && ok, nil
}

func (h *hasher) derive(ctx context.Context, password string, salt []byte, a Argon, n uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), "wait to check a password")
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, a.Passes, a.Memory, a.Threads, n), nil
}

// parsePHC reads the strings that hash writes, and no other spelling of them.
func parsePHC(s string) (a Argon, salt, key []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return a, nil, nil, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.Memory, &a.Passes, &a.Threads); n != 3 || err != nil || !a.valid() ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", a.Memory, a.Passes, a.Threads) {
		return a, nil, nil, false
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err := b64.DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return a, nil, nil, false
	}
	key, err = b64.DecodeString(parts[5])
	if err != nil || len(key) < 16 || len(key) > 64 {
		return a, nil, nil, false
	}
	return a, salt, key, true
}

// checkNewPassword returns what is wrong with a password that a person chose, or nil.
func checkNewPassword(password, email string) error {
	field := func(rule, message string) error {
		return fault.Invalid(fault.FieldError{Field: "password", Rule: rule, Message: message})
	}
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		return field("min", fmt.Sprintf("must have at least %d characters", MinPassword))
	case len(password) > MaxPassword:
		return field("max", fmt.Sprintf("must have at most %d bytes", MaxPassword))
	case strings.EqualFold(strings.TrimSpace(password), email):
		return field("not_email", "must not be the e-mail address")
	}
	return nil
}
