// Package wiring puts the engine together: a token store by its URL, its keys, the caller of authorization servers, and what
// all of these use of their process. The plugin and the subcommands of the provider's binary both go by it, so that they
// mean the same by the same setting. It decides nothing, and words nothing for people but what is wrong with a setting.
package wiring
