"""How good linking is: links of the store held against a truth, with every false one named. See docs/explanation/linking.md."""
