"""How many operators and lines a load of calls needs: queueing formulas and their inverse. No Django."""
