"""Can incidents of simulated people be foretold, and how well could they be at all?"""
