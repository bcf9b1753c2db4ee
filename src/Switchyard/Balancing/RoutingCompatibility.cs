using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard.Balancing;

/// <summary>Which routers, selectors and balancers make sense together.</summary>
public static class RoutingCompatibility
{
    /// <summary>Refuses combinations that could only mislead.</summary>
    /// <param name="router">Name of the router.</param>
    /// <param name="selector">Name of the selector.</param>
    /// <param name="balancer">Names of balancers, joined by <c>+</c>, each with a coefficient after a colon or not.</param>
    /// <exception cref="ConfigurationException">The parts do not fit together; the message says why and what would.</exception>
    public static void Check(string router, string selector, string balancer)
    {
        if (Reason(router, selector, balancer) is { } reason)
        {
            throw new ConfigurationException(reason);
        }
    }

    /// <summary>Why the parts do not fit together, or null where they do.</summary>
    /// <exception cref="ConfigurationException">A router, selector or balancer is unknown.</exception>
    public static string? Reason(string router, string selector, string balancer)
    {
        SelectorEntry chooser = Selectors.All.Get(selector);
        IReadOnlyList<(BalancerEntry Entry, double? Coefficient)> parts = Balancers.Parse(balancer);
        RouterEntry scorer = Routers.All.Get(router);
        bool fixedChoice = !scorer.IsTrainable;
        if (fixedChoice && chooser.Name is not ("softmax-topk" or "topk-softmax" or "round-robin"))
        {
            return $"router '{router}' chooses the experts itself and gives no scores to compare; selector '{chooser.Name}' has nothing to work on. Use softmax-topk or topk-softmax";
        }

        if (parts.Count > 1 && parts.Any(p => p.Entry.Name == "none"))
        {
            return $"'{balancer}' joins 'none' with something; leave 'none' out";
        }

        if (parts.Count(p => p.Entry.UsesChoiceBias) > 1)
        {
            return $"'{balancer}' has two balancers that move the choice, and each would undo the other; keep one of {Joined(parts.Where(p => p.Entry.UsesChoiceBias))}";
        }

        foreach ((BalancerEntry entry, _) in parts)
        {
            if (Reason(scorer, chooser, entry) is { } reason)
            {
                return reason;
            }
        }

        return null;
    }

    private static string? Reason(RouterEntry router, SelectorEntry selector, BalancerEntry balancer)
    {
        if (!router.IsTrainable && balancer.NeedsGradient)
        {
            return $"router '{router.Name}' has nothing to learn: the loss of balancer '{balancer.Name}' would reach no weight. Use balancer none";
        }

        if (!router.IsTrainable && balancer.UsesChoiceBias)
        {
            return $"router '{router.Name}' fixes the experts of each token, which the bias of balancer '{balancer.Name}' cannot move. Use balancer none";
        }

        if (balancer.UsesChoiceBias && !selector.SupportsChoiceBias)
        {
            return $"selector '{selector.Name}' balances by itself and takes no bias: balancer '{balancer.Name}' would do nothing. Use balancer none, switch or z";
        }

        return balancer.NeedsRouterLoss && !router.HasOwnLoss
            ? $"balancer '{balancer.Name}' is the loss of the router 'lpr'; router '{router.Name}' has none of its own. Use another balancer, or the router lpr"
            : null;
    }

    private static string Joined(IEnumerable<(BalancerEntry Entry, double? Coefficient)> parts) => string.Join(", ", parts.Select(p => p.Entry.Name));
}
