using System.Runtime.InteropServices;

namespace IlZo.Cli;

/// <summary>Ctrl+C in a conversation: during an answer it ends the answer, else, and a second time, the program.</summary>
internal sealed class AnswerInterrupts : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration _registration;
    private CancellationTokenSource? _answer;

    public AnswerInterrupts() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);

    /// <summary>Does work that Ctrl+C ends.</summary>
    public void During(Action<CancellationToken> answer)
    {
        using var source = new CancellationTokenSource();
        lock (_lock)
        {
            _answer = source;
        }

        try
        {
            answer(source.Token);
        }
        finally
        {
            lock (_lock)
            {
                _answer = null;
            }
        }
    }

    public void Dispose() => _registration.Dispose();

    private void Handle(PosixSignalContext context)
    {
        lock (_lock)
        {
            context.Cancel = _answer is { IsCancellationRequested: false };
            _answer?.Cancel();
        }
    }
}
