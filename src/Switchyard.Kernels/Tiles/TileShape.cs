namespace Switchyard.Kernels.Tiles;

/// <summary>What distinguishes one tile kernel from another.</summary>
/// <param name="InstructionSet">Width of its vectors.</param>
/// <param name="Rows">Rows of A and C.</param>
/// <param name="Vectors">Vectors of lanes of B and C, 1 or 2.</param>
/// <param name="Operand">How A lies in memory.</param>
/// <param name="Output">What becomes of the sums.</param>
/// <param name="Arithmetic">What is multiplied.</param>
internal readonly record struct TileShape(InstructionSet InstructionSet, int Rows, int Vectors, TileOperand Operand, TileOutput Output, Arithmetic Arithmetic = Arithmetic.Fp32);
