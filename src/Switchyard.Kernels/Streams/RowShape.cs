namespace Switchyard.Kernels.Streams;

/// <summary>What an assembled kernel of rows of integers is made for.</summary>
/// <param name="Form">How the codes are stored.</param>
/// <param name="Shift">Base-2 logarithm of the columns that share a scale: 5, 6, 7, or 8 for 256 and more.</param>
/// <param name="Tokens">1 to <see cref="RowKernels.MostTogether"/>.</param>
internal readonly record struct RowShape(IntegerForm Form, int Shift, int Tokens);
