using System.Globalization;

namespace Switchyard.Training.Benchmarks;

/// <summary>A matrix of weights [N, K].</summary>
/// <param name="Inputs">K.</param>
/// <param name="Outputs">N.</param>
public readonly record struct ProductShape(int Inputs, int Outputs)
{
    /// <summary>Reads <c>KxN</c>.</summary>
    /// <exception cref="ConfigurationException">It is not two positive numbers.</exception>
    public static ProductShape Parse(string text)
    {
        string[] parts = text.Split('x');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int inputs) && inputs > 0
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int outputs) && outputs > 0
            ? new ProductShape(inputs, outputs)
            : throw new ConfigurationException($"'{text}' is no shape of a product; it must be inputs × outputs such as 2048x1408");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Inputs}x{Outputs}");
}
