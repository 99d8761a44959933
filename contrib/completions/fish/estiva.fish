# SPDX-License-Identifier: Apache-2.0
# Completion of estiva and cais for fish. Knows no option: their command "complete" does.

function __estiva_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l name (string match -r '^--[^=]*=' -- $current)
    set -l lines ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    switch "$lines[1]"
        case :file
            printf "$name%s\n" (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $current))
        case :directory
            printf "$name%s\n" (__fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current))
        case '?*'
            printf "$name%s\n" $lines
    end
end
complete -c estiva -f -a '(__estiva_complete)'
complete -c cais -f -a '(__estiva_complete)'
