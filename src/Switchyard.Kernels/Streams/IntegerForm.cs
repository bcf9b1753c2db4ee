namespace Switchyard.Kernels.Streams;

/// <summary>How rows of a matrix are multiplied as integers: the columns that share a scale of the token, and their order within a block.</summary>
/// <param name="Group">S: 32, 64 or 128; it divides the columns that share a scale of the weights. 0 where there are no rows of integers.</param>
/// <param name="IsSplit">Whether a block of 32 columns holds its even ones before its odd ones.</param>
internal readonly record struct IntegerForm(int Group, bool IsSplit)
{
    /// <summary>Columns of a block, and the fewest of a group.</summary>
    public const int Block = 32;

    /// <summary>The most columns of a group: 16 sums of products of int16 and int8 stay below 2³¹ by far, and a group's largest value is not far from its others.</summary>
    private const int LargestGroup = 128;

    /// <summary>No rows of integers.</summary>
    public static IntegerForm None => default;

    /// <summary>Whether there are rows of integers.</summary>
    public bool Exists => Group > 0;

    /// <summary>The form of weights that share a scale by groups; <see cref="None"/> where the groups or the processor do not allow it.</summary>
    public static IntegerForm Of(int group, bool isSplit) =>
        RowProducts.AreSupported && RowProducts.Takes(group) ? new IntegerForm(Math.Min(group, LargestGroup), isSplit) : None;
}
