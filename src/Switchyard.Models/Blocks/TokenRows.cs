using Switchyard.Dense;
using Switchyard.Kernels.Storage;
using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>Embeddings of tokens from a table in the form in which it is stored: only the rows that occur are read.</summary>
internal static class TokenRows
{
    /// <summary>Rows [..., d] of token ids, fp32.</summary>
    /// <param name="table">[V, d].</param>
    /// <param name="tokens">[...] int64, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or not below V.</exception>
    public static unsafe Tensor Of(StoredMatrix table, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        Tensor rows = empty([.. tokens.shape, table.Columns]);
        float* row = (float*)rows.Address();
        foreach (long id in tokens.flatten().data<long>().ToArray())
        {
            if (id < 0 || id >= table.Rows)
            {
                throw new ArgumentOutOfRangeException(nameof(tokens), $"token id {id}: the vocabulary has {table.Rows} tokens");
            }

            table.WidenRow((int)id, new Span<float>(row, table.Columns));
            row += table.Columns;
        }

        return rows.MoveToOuterDisposeScope();
    }
}
