"""What rests on kept prefills: papers that citizens are asked for, and the comparison with today."""
