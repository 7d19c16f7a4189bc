package grouping

import (
	_ "embed"
	"sync"
)

//go:embed builtin/stack.txt
var builtinStackText string

//go:embed builtin/fingerprint.txt
var builtinFingerprintText string

// builtin are the rules every project starts from. They are compiled once, when the first Grouper is made.
var builtin = sync.OnceValue(func() (b struct {
	stack        *ruleSet
	fingerprints []FingerprintRule
},
) {
	rules, err := parseStackRules(builtinStackText, "built-in rule ")
	if err != nil {
		panic("grouping: built-in stack-trace rules: " + err.Error()) // a test parses them, so this is a broken build
	}
	b.stack = newRuleSet(rules, true)
	if b.fingerprints, err = parseFingerprintRules(builtinFingerprintText, "built-in rule "); err != nil {
		panic("grouping: built-in fingerprint rules: " + err.Error())
	}
	return b
})
