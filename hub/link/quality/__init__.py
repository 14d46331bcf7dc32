"""How right the links of a store are, estimated without a truth file: a sample goes to blind clerical review. See docs/explanation/linking.md."""
