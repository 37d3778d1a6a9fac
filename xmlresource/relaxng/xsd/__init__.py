"""The datatypes of XML Schema and their regular expressions."""
