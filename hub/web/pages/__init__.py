"""Pages for people who sign in and for developers: sign-in, sign-out and GraphiQL with its starters."""
