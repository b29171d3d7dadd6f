"""Tests of the audit: questions, explanations, what is printed."""
