"""The practice Twilio: a loopback server that speaks Twilio's 2010-04-01 API, follows TwiML and rings nobody."""
