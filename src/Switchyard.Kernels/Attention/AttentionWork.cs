namespace Switchyard.Kernels.Attention;

/// <summary>A piece of work: the heads of one group of one sequence, for some blocks of queries.</summary>
internal readonly record struct AttentionWork(int Sequence, int KeyHead, int FromBlock, int ToBlock);
