"""Community follow-up: the checks of a village or town, entered in one sitting, and its list on paper."""
