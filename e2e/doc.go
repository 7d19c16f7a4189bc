// Package e2e drives the real binary: real SDKs send to it, its processes are killed, its disk fills up, and what it says
// about itself has to add up.
package e2e
