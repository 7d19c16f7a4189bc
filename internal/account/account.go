// Package account holds the words for who uses Seismo: organizations, teams, users and what role a user has.
//
// It holds no passwords, sessions or tokens: those belong to package auth and its tables.
package account

import "time"

// OrgID identifies an organization, the tenant: nothing of one organization is ever visible to another.
type OrgID int64

// TeamID identifies a team within an organization.
type TeamID int64

// UserID identifies a person. A user may belong to several organizations.
type UserID int64

// Organization is the tenant that owns projects, teams and members.
type Organization struct {
	ID        OrgID
	Slug      string // unique on the server, lower case, used in URLs
	Name      string
	CreatedAt time.Time
}

// Team is a group of members that owns projects and receives assignments.
type Team struct {
	ID        TeamID
	Org       OrgID
	Slug      string // unique within the organization
	Name      string
	CreatedAt time.Time
}

// User is a person who signs in.
type User struct {
	ID        UserID
	Email     string // lower case, unique on the server
	Name      string
	CreatedAt time.Time
}

// Role is what a member may do in an organization; each role may do all that the ones below it may.
type Role string

// The roles, highest first.
const (
	RoleOwner   Role = "owner"   // everything, including deleting the organization
	RoleAdmin   Role = "admin"   // members, teams, settings, tokens
	RoleManager Role = "manager" // projects and their settings
	RoleMember  Role = "member"  // triage
	RoleViewer  Role = "viewer"  // reads
)

// Member is a user's place in an organization.
type Member struct {
	Org  OrgID
	User User
	Role Role
}
