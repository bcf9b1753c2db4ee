using System.Runtime.InteropServices;
using Switchyard.Training.Runs;

namespace Switchyard.Training.Comparisons;

/// <summary>Where a comparison is.</summary>
/// <param name="RowIndex">Index of the current run, from 0.</param>
/// <param name="RowCount">Runs in all (rows × seeds).</param>
/// <param name="Seed">Seed of the current run.</param>
/// <param name="Training">Where the current run is.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ComparisonProgress(int RowIndex, int RowCount, long Seed, TrainingProgress Training);
