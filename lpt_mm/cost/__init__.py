"""What training and inference cost: time, memory, arithmetic."""
