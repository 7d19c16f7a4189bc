package jetstream

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// child says what a test is to do as a process of its own, and in which directory or at which URL.
const (
	childTask   = "SEISMO_QUEUE_TEST_TASK"
	childTarget = "SEISMO_QUEUE_TEST_TARGET"
)

// isChild reports whether this process was started for a task, and skips the test otherwise.
func isChild(t *testing.T, task string) (target string) {
	t.Helper()
	if os.Getenv(childTask) != task {
		t.Skip("runs as a process of its own, started by another test")
	}
	return os.Getenv(childTarget)
}

// child prepares this test binary to run one test as a process of its own.
func child(t *testing.T, test, task, target string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+test+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), childTask+"="+task, childTarget+"="+target)
	return cmd
}

// runChild runs a test as a process of its own and shows its output if it fails.
func runChild(t *testing.T, test, task, target string) {
	t.Helper()
	cmd := child(t, test, task, target)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+test)) {
		t.Fatalf("%s as a process of its own: %v\n%s", test, err, out)
	}
}
