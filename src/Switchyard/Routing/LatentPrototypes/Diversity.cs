using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Diversity D of a set of M rows [M, z], a scalar that is smaller for a more diverse set; 0 for fewer than two rows.</summary>
/// <remarks>None of them holds an M×M matrix: the rows may be the tokens of a whole batch.</remarks>
internal static class Diversity
{
    private const long BlockRows = 256;

    /// <summary>D of rows [M, z].</summary>
    public static Tensor Of(PrototypeDiversity measure, Tensor rows) => rows.shape[0] < 2
        ? zeros([], rows.dtype, rows.device)
        : measure switch
        {
            PrototypeDiversity.Orthogonal => Orthogonal(Normalized(rows)),
            PrototypeDiversity.Cosine => Cosine(Normalized(rows)),
            _ => Euclidean(rows),
        };

    // ‖N·Nᵀ − I‖² = ‖Nᵀ·N‖² − 2·tr(N·Nᵀ) + M: the product is z×z and costs M·z².
    private static Tensor Orthogonal(Tensor unit)
    {
        double m = unit.shape[0];
        Tensor gram = mm(unit.t(), unit);
        return ((gram * gram).sum() - (Held(2) * (unit * unit).sum()) + Held(m)) / Held(m * m);
    }

    // The sum of all entries of N·Nᵀ is the squared length of the sum of rows.
    private static Tensor Cosine(Tensor unit)
    {
        double m = unit.shape[0];
        Tensor total = unit.sum(dim: 0);
        return ((total * total).sum() - (unit * unit).sum()) / Held(m * (m - 1));
    }

    // Distances do not factor. The value and its gradient are made together, block by block, so that memory is 256×M and the backward pass has nothing left to do.
    private static Tensor Euclidean(Tensor rows)
    {
        Tensor fixedRows = rows.detach();
        Tensor gradient = empty_like(fixedRows);
        Tensor sum = zeros([], rows.dtype, rows.device);
        long m = rows.shape[0];
        double scale = -1.0 / (m * (double)(m - 1));
        using (no_grad())
        {
            for (long start = 0; start < m; start += BlockRows)
            {
                using var scope = NewDisposeScope();
                Tensor block = fixedRows.narrow(0, start, Math.Min(BlockRows, m - start));
                Tensor distances = cdist(block, fixedRows);
                distances.diagonal(start).fill_(Held(0));
                sum.add_(distances.sum());
                Tensor inverse = distances.reciprocal_().masked_fill_(distances.isinf(), Held(0));
                Tensor push = (block * inverse.sum(1, keepdim: true)) - mm(inverse, fixedRows);
                gradient.narrow(0, start, block.shape[0]).copy_(push.mul_(Held(2 * scale)));
            }
        }

        return (sum * Held(scale)) + ((rows - fixedRows) * gradient).sum();
    }

    private static Tensor Normalized(Tensor rows) => nn.functional.normalize(rows, 2, 1, 1e-12);
}
