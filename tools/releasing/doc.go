// Package releasing holds no code, only tests of what a release is made from: .goreleaser.yml, the registry's manifest, CHANGELOG.md and
// the workflows. It builds nothing; "make release-check" does.
package releasing
