// Package platform knows authorization servers: one entry of data for each, embedded, every fact with its sources, the day
// they were read, and how sure it is. Find returns an entry; Resolve fills its variables in and says what follows for a
// client. A fact that an entry lacks is unknown, which is not the same as none.
//
// No other package knows a platform by name. What users configure overrides what stands here; that is not this package's
// business, nor is any call to a server.
package platform
