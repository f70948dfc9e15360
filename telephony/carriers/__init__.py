"""One file a carrier, each translating its words into ours."""
