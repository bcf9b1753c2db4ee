namespace Switchyard.Kernels.Attention;

/// <summary>A piece of work: some key and value heads of one sequence with the heads of their groups, for some blocks of queries.</summary>
internal readonly record struct AttentionWork(int Sequence, int FromKeyHead, int ToKeyHead, int FromBlock, int ToBlock);
