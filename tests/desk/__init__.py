"""The marketer's desk: arms, forecasts, publishing, reports and the console."""
