namespace Switchyard.Metrics;

/// <summary>How much the expert tells of the document's domain.</summary>
/// <param name="Nats">Mutual information I(domain; expert) in nats.</param>
/// <param name="Normalised">I ÷ H(domain): 0 where experts do not know domains, 1 where the expert gives the domain away; 0 where there is one domain only.</param>
public readonly record struct Specialisation(double Nats, double Normalised)
{
    /// <summary>Mutual information Σ p(g, e)·ln(p(g, e) ÷ (p(g)·p(e))) of pairs counted by domain g and expert e.</summary>
    /// <param name="domainLoad">Pairs by domain, [domains][E].</param>
    public static Specialisation Of(IReadOnlyList<IReadOnlyList<long>> domainLoad)
    {
        int experts = domainLoad.Count == 0 ? 0 : domainLoad[0].Count;
        double[] byDomain = [.. domainLoad.Select(row => row.Sum(n => (double)n))];
        double[] byExpert = new double[experts];
        for (int g = 0; g < domainLoad.Count; g++)
        {
            for (int e = 0; e < experts; e++)
            {
                byExpert[e] += domainLoad[g][e];
            }
        }

        double total = byDomain.Sum();
        if (total == 0)
        {
            return default;
        }

        double information = 0;
        double entropy = 0;
        for (int g = 0; g < domainLoad.Count; g++)
        {
            entropy -= byDomain[g] > 0 ? byDomain[g] / total * Math.Log(byDomain[g] / total) : 0;
            for (int e = 0; e < experts; e++)
            {
                double n = domainLoad[g][e];
                information += n > 0 ? n / total * Math.Log(n * total / (byDomain[g] * byExpert[e])) : 0;
            }
        }

        information = Math.Max(0, information);
        return new Specialisation(information, entropy > 0 ? Math.Min(1, information / entropy) : 0);
    }
}
