using IlZo.Backends;

namespace IlZo.Training;

/// <summary>
/// A run that several trainers train together, as one of them sees it: a log in one order, and work that any of them can do a part of.
/// Each trainer decides steps itself, from losses that are evaluated anywhere; what enters the log first counts, and only that reaches
/// the weights.
/// </summary>
/// <remarks>
/// Entries are taken in order, each by <see cref="Entry"/> or <see cref="Append"/>. All methods throw
/// <see cref="OperationCanceledException"/> where the run is ended by the token that this object was made with.
/// </remarks>
internal interface ISharedRun
{
    /// <summary>Finds the run that others have begun, or begins it.</summary>
    /// <param name="configuration">The run.</param>
    /// <param name="engine">What computes here.</param>
    /// <param name="mayLackQueries">Whether a step can do without the losses of some queries.</param>
    /// <param name="entries">The bytes of the entries that this trainer's log has already. What the common log lacks of them is put back
    /// there.</param>
    /// <exception cref="InvalidInputException">
    /// The run was begun by another engine, what its workers agreed on is not possible with its method, or the two logs have parted.
    /// </exception>
    void Begin(RunConfiguration configuration, Engine engine, bool mayLackQueries, IReadOnlyList<byte[]> entries);

    /// <summary>The bytes of an entry of the log.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <returns>Null where there is no such entry yet.</returns>
    byte[]? Entry(long index);

    /// <summary>Offers an entry.</summary>
    /// <param name="index">The number that it is to have.</param>
    /// <param name="entry">Its bytes.</param>
    /// <returns>What the log has there: this entry, or that of whoever was first.</returns>
    byte[] Append(long index, byte[] entry);

    /// <summary>Does a part of a piece of work and waits for the rest.</summary>
    /// <typeparam name="T">Its values.</typeparam>
    /// <param name="work">The work, which is the same wherever the log has come to the same entry.</param>
    /// <returns>The values, [pass][item]; no items of a pass that the run does without.</returns>
    /// <exception cref="DecidedElsewhereException">The log has the entry for which the work was done.</exception>
    T[][] Share<T>(ISharedWork<T> work);

    /// <summary>Tells what the weights are after a step, for others to compare.</summary>
    /// <param name="step">The step.</param>
    /// <param name="weightsSha256">Their SHA-256; not asked for where it is not the step's turn.</param>
    /// <exception cref="InvalidInputException">Others have other weights.</exception>
    void Mark(long step, Func<string> weightsSha256);
}
