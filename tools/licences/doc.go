// Package licences holds no code, only the test that every module which goes into a release may be distributed with it, and writes the
// notices that this asks for. It says nothing of what tools and tests use, and is no legal advice.
package licences
