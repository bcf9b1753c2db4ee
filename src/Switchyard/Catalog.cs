using System.Collections;

namespace Switchyard;

/// <summary>The one place where the implementations of a concept are registered under the names that code, JSON and the command line share.</summary>
/// <typeparam name="TEntry">What is known of an implementation: its name, a sentence about it and how to make it.</typeparam>
public sealed class Catalog<TEntry> : IEnumerable<TEntry>
    where TEntry : ICatalogEntry
{
    private readonly string _concept;
    private readonly List<TEntry> _entries = [];

    /// <summary>Makes an empty catalog of a concept, such as "router".</summary>
    public Catalog(string concept) => _concept = concept;

    /// <summary>The registered names, in order of registration.</summary>
    public IReadOnlyList<string> Names => [.. _entries.Select(e => e.Name)];

    /// <summary>The entry of a name.</summary>
    /// <exception cref="ConfigurationException">No entry has the name; the message lists those that exist and the nearest one.</exception>
    public TEntry Get(string name) =>
        TryGet(name, out TEntry? entry)
            ? entry
            : throw new ConfigurationException(
                $"unknown {_concept} '{name}'; did you mean '{NearestName.Of(name, Names)}'? Known: {string.Join(", ", Names)}");

    /// <summary>Registers an entry; called by the collection initializer of the catalog.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add(TEntry entry)
    {
        if (TryGet(entry.Name, out _))
        {
            throw new ArgumentException($"{_concept} '{entry.Name}' is registered twice", nameof(entry));
        }

        _entries.Add(entry);
    }

    /// <summary>Finds the entry of a name.</summary>
    public bool TryGet(string name, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TEntry entry)
    {
        entry = _entries.Find(e => string.Equals(e.Name, name, StringComparison.Ordinal))!;
        return entry is not null;
    }

    /// <inheritdoc/>
    public IEnumerator<TEntry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
